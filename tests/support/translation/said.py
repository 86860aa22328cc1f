"""What models say in the recorded answers: each told once here, and shaped as every protocol puts it on the wire."""

from dataclasses import dataclass
from typing import Literal

from support.counts import Counts

Stop = Literal["end", "length", "tool", "refusal", "sequence"]


@dataclass(frozen=True)
class Say:
    pieces: tuple[str, ...]


@dataclass(frozen=True)
class Think:
    pieces: tuple[str, ...]
    signature: str = "c2lnbmVkLWJ5LXZlbmRvcg=="


@dataclass(frozen=True)
class Call:
    id: str
    name: str
    pieces: tuple[str, ...]


@dataclass(frozen=True)
class Refuse:
    pieces: tuple[str, ...]


USUAL = Counts(uncached_input=31, output=17)


@dataclass(frozen=True)
class Said:
    """One recorded answer."""

    name: str
    parts: tuple[Say | Think | Call | Refuse, ...]
    stop: Stop = "end"
    counts: Counts = USUAL

    @property
    def text(self) -> str:
        return "".join("".join(part.pieces) for part in self.parts if isinstance(part, Say))

    @property
    def thought(self) -> str:
        return "".join("".join(part.pieces) for part in self.parts if isinstance(part, Think))

    @property
    def refusal(self) -> str:
        return "".join("".join(part.pieces) for part in self.parts if isinstance(part, Refuse))

    @property
    def calls(self) -> list[tuple[str, str]]:
        return [(part.name, "".join(part.pieces)) for part in self.parts if isinstance(part, Call)]


def say(*pieces: str) -> Say:
    return Say(pieces)


def letters(text: str) -> tuple[str, ...]:
    return tuple(text)


WEATHER = Call("call_w1", "weather", ('{"ci', 'ty":', '"Köln"}'))
CLOCK = Call("call_c2", "clock", ('{"zone": "Europe/', 'Berlin", "precise": true}'))
SAME = Call("call_w3", "weather", ('{"city":"Ulm"}',))
NESTED = (
    '{"patch":{"path":"a/b.py","lines":[1,2,{"x":null,"y":[true,false,1.5e3]}]},"note":"tab\\there \\"quoted\\" \\\\"}'
)
THOUGHT = Think(("The user ", "wants ", "a greeting."))

ALL = (
    Said("one word", (say("Hello"),)),
    Said("many pieces", (say("Hel", "lo, ", "wörld ", "✓", "!"),)),
    Said("emoji and CJK", (say("👩‍👩‍👧 ", "漢字かな", " — ñ"),)),
    Said("quotes and escapes", (say('He said "no\\n"', "\n\t\\", "</script>"),)),
    Said("nothing at all", ()),
    Said("one call", (WEATHER,), "tool"),
    Said("a call without arguments", (Call("call_n", "ping", ()),), "tool"),
    Said("a call with empty arguments", (Call("call_e", "ping", ("{}",)),), "tool"),
    Said("two parallel calls", (WEATHER, CLOCK), "tool"),
    Said("two calls of one tool", (WEATHER, SAME), "tool"),
    Said("three parallel calls", (WEATHER, CLOCK, SAME), "tool"),
    Said("text then a call", (say("Let me ", "look."), WEATHER), "tool"),
    Said("text then two calls", (say("Let me look."), WEATHER, CLOCK), "tool"),
    Said("a thought then text", (THOUGHT, say("Hello", "!"))),
    Said("a thought then a call", (THOUGHT, WEATHER), "tool"),
    Said("a thought, text and two calls", (THOUGHT, say("Looking."), WEATHER, CLOCK), "tool"),
    Said("arguments letter by letter", (Call("call_l", "edit", letters(NESTED)),), "tool"),
    Said("arguments with escapes", (Call("call_u", "say", ('{"text":"\\u00', "fc\\ud83d", '\\ude00\\n"}')),), "tool"),
    Said("cut by the limit", (say("Once upon a ", "time"),), "length"),
    Said("refused in words", (Refuse(("I can", "not help with that.")),), "refusal"),
    Said("filtered after some text", (say("Well, "),), "refusal"),
    Said("a stop sequence", (say("a, b"),), "sequence"),
    Said("cached tokens", (say("ok"),), counts=Counts(uncached_input=10, cache_read=900, output=3)),
    Said("cache writes", (say("ok"),), counts=Counts(uncached_input=10, cache_read=5, cache_write_5m=70, output=3)),
    Said("reasoning tokens", (THOUGHT, say("ok")), counts=Counts(uncached_input=10, output=50, reasoning=44)),
    Said("text like an event stream", (say("data: [DO", "NE]\n\nevent: message_stop\ndata: {}", "\n\n: x\r\n\r\n"),)),
    Said("JSON as text", (say('{"ok":', " true, ", '"n": [1,2]}'),)),
    Said("line separators", (say("a\u2028b", "\u2029c\u0085", "\x00 and \x1f"),)),
    Said("many small pieces", (say(*(f"word{at} " for at in range(200))),)),
    Said("white space pieces", (say(" ", "\n", "  x", "\n\n"),)),
)
BY_NAME = {said.name: said for said in ALL}
