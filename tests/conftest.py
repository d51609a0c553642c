"""Leave the long runs out unless they are asked for by mark; let no test depend on how busy the machine is."""

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "regenqc", deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)
settings.load_profile("regenqc")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if "long" in (config.getoption("markexpr") or ""):
        return
    for item in items:
        if "long" in item.keywords:
            item.add_marker(pytest.mark.skip(reason="a long run; `make test-long` runs it"))
