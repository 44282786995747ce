"""Formulas: the expression language of formula fields and validation rules, compiled to SQL on the store."""
