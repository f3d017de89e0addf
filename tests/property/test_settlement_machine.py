"""The settlement machine against both stores."""

from hypothesis import HealthCheck, Phase, settings

from tests.property.crashing import MemoryCrashes, SqliteCrashes
from tests.property.settlement_machine import SettlementMachine

# A failure is told as it was found: making it smaller takes minutes, which whoever mends it may give it.
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
QUIET = (HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large)


class MemorySettlement(MemoryCrashes, SettlementMachine):
    pass


class SqliteSettlement(SqliteCrashes, SettlementMachine):
    pass


TestMemorySettlement = MemorySettlement.TestCase
TestMemorySettlement.settings = settings(
    max_examples=100, stateful_step_count=40, deadline=None, phases=PHASES, suppress_health_check=QUIET
)

TestSqliteSettlement = SqliteSettlement.TestCase
TestSqliteSettlement.settings = settings(
    max_examples=40, stateful_step_count=30, deadline=None, phases=PHASES, suppress_health_check=QUIET
)
