"""What a gateway must or may do with an answer: kinds of statements, their payloads, and how those
that apply are gathered, merged and carried out."""
