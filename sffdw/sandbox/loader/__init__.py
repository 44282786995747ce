"""Loading of real data: describes, sObject trees and plans, CSV files, folders of any mix.

`load` reads the paths and returns a `LoadPlan`; nothing is stored by it. `install` puts a plan into a store.
"""

from .compile import load
from .plan import LoadError, LoadPlan

__all__ = ["LoadError", "LoadPlan", "load"]
