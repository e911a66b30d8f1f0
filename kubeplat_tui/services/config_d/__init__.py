"""config.d: the user's own Terraform files, which are built together with the cluster's."""

from kubeplat_tui.services.config_d.files import ConfigD, UserFile, read
from kubeplat_tui.services.config_d.names import Origins, by_origin, check_names
from kubeplat_tui.services.config_d.providers import lock_file

__all__ = ["ConfigD", "Origins", "UserFile", "by_origin", "check_names", "lock_file", "read"]
