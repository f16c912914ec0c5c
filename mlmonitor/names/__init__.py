"""The catalogue: every metric, label and log field, with its type, unit and help text.

No other Python module spells a metric name. Rules, dashboards, log templates and docs spell them
plainly, and generation refuses a name that is not here.
"""

from mlmonitor.names.alerting import *  # noqa: F403 - one catalogue in several parts
from mlmonitor.names.business import *  # noqa: F403
from mlmonitor.names.data import *  # noqa: F403
from mlmonitor.names.fields import *  # noqa: F403
from mlmonitor.names.labels import *  # noqa: F403
from mlmonitor.names.logs import *  # noqa: F403
from mlmonitor.names.metrics import *  # noqa: F403
from mlmonitor.names.operation import *  # noqa: F403
from mlmonitor.names.records import *  # noqa: F403
from mlmonitor.names.shipping import *  # noqa: F403
