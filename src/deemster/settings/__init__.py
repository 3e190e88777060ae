"""File and environment ► one frozen `Settings`; the only reader of the environment."""

from deemster.settings.environment import process_environment
from deemster.settings.loading import load_settings
from deemster.settings.model import Settings, SettingValue

__all__ = ["SettingValue", "Settings", "load_settings", "process_environment"]
