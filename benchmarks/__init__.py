"""Measurements: what is measured, and against what in the same run.

`make bench` runs all benches, `make bench BENCH=name` those whose names begin so. A bench is a module of `suites/`: its
docstring's first line says what is measured and against what, its function `measure(sheet, stage)` adds figures to the
sheet. What several benches need, such as an org with a million accounts, comes from the stage, which makes it once and
clears it away. A figure may name another one as its baseline, and a bound: the run fails when a bound does not hold.
"""
