"""Conditions: text ► syntax ► checked terms ► closures. One language for the whole tree.

    conditions.parse_condition    YAML condition ► ast.Expr
    checker.check                 ast.Expr and scope.Scope ► checked.CheckedExpr
    closures.compile_condition    CheckedExpr ► function of Values

Source: policy-language sections 1, 5 and 9.
"""
