"""The machine against both stores, each with the crashes that can befall it."""

from hypothesis import settings

from tests.property.crashing import MemoryCrashes, SqliteCrashes
from tests.property.machine import NumberingMachine


class MemoryMachine(MemoryCrashes, NumberingMachine):
    pass


class SqliteMachine(SqliteCrashes, NumberingMachine):
    pass


TestMemoryMachine = MemoryMachine.TestCase
TestMemoryMachine.settings = settings(max_examples=200, stateful_step_count=50, deadline=None)

TestSqliteMachine = SqliteMachine.TestCase
TestSqliteMachine.settings = settings(max_examples=45, stateful_step_count=40, deadline=None)
