"""Conditions: text ► syntax ► checked terms ► closures. One language for the whole tree.

    parse_condition   YAML condition ► ast.Expr
    check             ast.Expr + Scope ► CheckedExpr
    compile_condition CheckedExpr ► function of Values

Source: policy-language sections 1, 5 and 9.
"""
