"""Automation services: what a plugin writes (`Service`, triggers, settings), and what runs it (`Instance`).

A plugin registers services by the hook ``trackyard_services``. Each running one is a task: its settings are parameters,
its log, scalars and plots are events of the task. A host (the server's own or a services agent) runs it.
"""

from trackyard.core.services.context import Context, LostLease, Store
from trackyard.core.services.contract import Cron, Interval, Missed, Once, Service, ServiceOffer, Trigger
from trackyard.core.services.feed import DatasetVersion, Happening, ModelPublished, TaskChanged
from trackyard.core.services.settings import SettingField, SettingProblem, fields_of, read_settings, write_settings

__all__ = [
    "Context",
    "Cron",
    "DatasetVersion",
    "Happening",
    "Interval",
    "LostLease",
    "Missed",
    "ModelPublished",
    "Once",
    "Service",
    "ServiceOffer",
    "SettingField",
    "SettingProblem",
    "Store",
    "TaskChanged",
    "Trigger",
    "fields_of",
    "read_settings",
    "write_settings",
]
