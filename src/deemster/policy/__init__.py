"""Policy text ► tree ► compiled snapshot ► Evaluation. Pure, but for files.py."""
