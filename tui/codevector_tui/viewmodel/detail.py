"""One request in full: its price line by line, its times, who and where."""

from codevector_shared.formats import clean, duration
from codevector_shared.protocol import Request
from codevector_tui.viewmodel.bill import Bill, bill_rows
from codevector_tui.viewmodel.calls import Moment, glyph, name, outcome, since
from codevector_tui.viewmodel.spans import BLANK, Row, Span, cut, fit
from codevector_tui.viewmodel.times import clock

_LABEL = 12


def detail_rows(request: Request, bill: Bill, moment: Moment, width: int) -> tuple[Row, ...]:
    """Return everything known of a request, as rows of at most ``width`` cells."""
    rows: list[Row] = [
        (glyph(request, moment), Span("  "), Span(fit(name(request.model), width - 4), "bright")),
        (Span(f"   {outcome(request)}".rstrip(), "muted"),),
    ]
    if request.error:
        rows.append((Span(fit(f"   {clean(request.error, 200)}", width), "bad"),))
    rows += [BLANK, *bill_rows(request, bill, width), BLANK]
    rows += [*_times(request, moment, width), BLANK, *_facts(request, width)]
    return tuple(cut(row, width) for row in rows)


def _facts(request: Request, width: int) -> list[Row]:
    upstream = f"{name(request.provider)} / {name(request.upstream_model)}"
    facts = [
        ("Upstream", upstream),
        ("User", name(request.user)),
        ("Key", name(request.key)),
        ("Project", name(request.project)),
        ("Client app", name(request.client_app)),
        ("Session", name(request.session)),
        ("Agent", name(request.agent)),
        ("Dialect", f"{request.dialect}{', streamed' if request.stream else ''}"),
        ("Attempt", f"{request.attempt}{f' of {request.parent_id}' if request.parent_id else ''}"),
        ("Tier", name(request.service_tier)),
    ]
    absent = name(None)
    said = [_fact(label, text, width) for label, text in facts if text != absent]
    return [*said, (Span("Id ", "muted"), Span(fit(clean(request.id, 60), max(1, width - 3)), "text"))]


def _fact(label: str, text: str, width: int) -> Row:
    return (Span(fit(label, _LABEL), "muted"), Span(fit(text, max(1, width - _LABEL)), "text"))


def _times(request: Request, moment: Moment, width: int) -> list[Row]:
    took = since(moment.elapsed(request)) if request.state == "open" else duration(request.duration_ms)
    rows = [
        _fact("Started", clock(request.started_at, moment.zone), width),
        _fact("First token", duration(request.ttft_ms), width),
        _fact("Took", took, width),
    ]
    if request.duration_ms and request.output_tokens:
        writing = request.duration_ms - (request.ttft_ms or 0)
        if writing > 0:
            rows.append(_fact("Pace", f"{request.output_tokens * 1000 / writing:.0f} tokens/s", width))
    return rows
