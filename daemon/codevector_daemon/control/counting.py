"""What the counting routes answer, whoever asks: the socket for anybody's calls, a key for its user's own."""

from codevector_daemon.control.asked import LeaderboardQuery, MemberDashboard, MemberRequests, MemberUsage
from codevector_daemon.control.services import Services
from codevector_daemon.ledger.questions import windows
from codevector_daemon.ledger.questions.leaderboard import ShowName
from codevector_shared.protocol import Dashboard, Leaderboard, Requests, Usage


async def usage(services: Services, query: MemberUsage, user_id: int | None) -> Usage:
    """Return totals and rows of a window."""
    window = query.window(services.now_ms(), services.ledger.zone)
    return await windows.usage(services.store, window, query.dimension(window), **query.only(user_id))


async def dashboard(services: Services, query: MemberDashboard, user_id: int | None) -> Dashboard:
    """Return all that the dashboard draws."""
    window = query.window(services.now_ms(), services.ledger.zone)
    bars = query.bars(window)
    return await windows.dashboard(services.store, window, granularity=bars, **query.only(user_id))


async def requests(services: Services, query: MemberRequests, user_id: int | None) -> Requests:
    """Return request rows, newest first."""
    return await windows.requests(
        services.store,
        zone=services.ledger.zone,
        last=query.last,
        before=query.before,
        state=query.state,
        here=services.ledger.open_requests(),
        user_id=user_id,
    )


async def leaderboard(services: Services, query: LeaderboardQuery, you: int, show: ShowName) -> Leaderboard:
    """Return users ranked by a metric."""
    window = query.window(services.now_ms(), services.ledger.zone)
    return await windows.leaderboard(services.store, window, query.metric, you=you, show=show)
