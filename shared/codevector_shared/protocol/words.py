"""The words that stand for states, kinds and dimensions, the same in every message, flag and table."""

from typing import Literal

State = Literal["open", "complete", "client_left", "upstream_failed", "interrupted", "rejected"]
UsageSource = Literal["reported", "estimated", "none"]
PriceBasis = Literal["catalogue", "override", "provider", "default", "free", "unpriced"]
PeriodName = Literal["today", "7d", "30d", "90d", "all", "custom"]
By = Literal["day", "hour", "model", "provider", "project", "client_app", "key", "user"]
Granularity = Literal["5m", "hour", "day", "week", "month"]
Metric = Literal["tokens", "spend", "requests"]
ModelKind = Literal["chat", "embedding"]
ModelStatus = Literal["draft", "active", "disabled"]
BackendState = Literal["failing", "resting"]
Role = Literal["owner", "admin", "member"]
