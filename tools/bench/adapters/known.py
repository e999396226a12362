"""The managers that are measured, in the order of the table."""

from tools.bench.adapters.adapter import Adapter
from tools.bench.adapters.fectld import Fectld
from tools.bench.adapters.floor import Floor
from tools.bench.adapters.runit import Runit
from tools.bench.adapters.s6 import S6
from tools.bench.adapters.supervisord import Supervisord

MANAGERS: list[type[Adapter]] = [Fectld, Floor, Supervisord, S6, Runit]
