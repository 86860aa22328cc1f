"""Every case, of every dialect and vendor."""

from typing import Final

from support.cases import chat, gemini, messages, others, responses
from support.cases.case import Case

CASES: Final[tuple[Case, ...]] = (*chat.CASES, *messages.CASES, *responses.CASES, *gemini.CASES, *others.CASES)
