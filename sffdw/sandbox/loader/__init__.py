"""Loading of real data: describes, sObject trees and plans, CSV files, folders of any mix.

`load` reads the paths and returns a `LoadPlan`; nothing is stored by it. `install` puts a plan into a store;
`load_paths` does both.
"""

from sffdw.sandbox.loader.compile import load
from sffdw.sandbox.loader.install import install, load_path, load_paths
from sffdw.sandbox.loader.plan import LoadError, LoadPlan

__all__ = ["LoadError", "LoadPlan", "install", "load", "load_path", "load_paths"]
