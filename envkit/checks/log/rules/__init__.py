"""Rules of all topics, and the lines that are never the reason."""

from __future__ import annotations

from envkit.checks.log.rule import Rank
from envkit.checks.log.rules.engine import CONTAINER, DAEMON
from envkit.checks.log.rules.gpu import GPU_RULES
from envkit.checks.log.rules.harmless import HARMLESS
from envkit.checks.log.rules.host import DISK_RULES, FILE_RULES, HOST_RULES
from envkit.checks.log.rules.network import NETWORK_RULES
from envkit.checks.log.rules.packages import PACKAGE_RULES
from envkit.checks.log.rules.python import PYTHON_RULES
from envkit.checks.log.rules.services import SERVICE_RULES

__all__ = ["HARMLESS", "RULES"]

# In order: the first rule that matches a line explains it, so rules that name a cause come before general ones.
_ALL_RULES = (
    *DISK_RULES,
    *GPU_RULES,
    *SERVICE_RULES,
    *PYTHON_RULES,
    *PACKAGE_RULES,
    *HOST_RULES,
    *DAEMON,
    *NETWORK_RULES,
    *CONTAINER,
    *FILE_RULES,
)
# A general rule explains a line that no other rule does.
RULES = tuple(sorted(_ALL_RULES, key=lambda rule: rule.rank is Rank.GENERAL))
