"""Users: looked at for every token, fetched only as far as read, never empty for a failure."""

from __future__ import annotations

import asyncio

import pytest

from deemster.errors import DependencyUnavailableError, TokenRejectedError
from deemster.model.decision import Reason
from deemster.model.identity import NOT_FETCHED, UserContext, UserPart
from deemster.usercontext.resolver import UserResolver
from tests.support.clock import FrozenClock
from tests.support.directories import TellingDirectory

ALL = frozenset(UserPart)
GROUPS = frozenset({UserPart.GROUPS})


@pytest.fixture
def directory() -> TellingDirectory:
    return TellingDirectory({"alice": True, "bob": True, "mallory": False})


@pytest.fixture
def resolver(directory: TellingDirectory, clock: FrozenClock) -> UserResolver:
    return UserResolver({"bizpro": directory}, clock=clock, ttl=60, refusal_ttl=5, timeout=0.05)


async def refusal(resolver: UserResolver, subject: str) -> Reason:
    with pytest.raises(TokenRejectedError) as caught:
        await resolver.resolve("bizpro", subject)
    return caught.value.reason


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_known_user_is_looked_at_and_nothing_more(
    resolver: UserResolver, directory: TellingDirectory
) -> None:
    user = await resolver.resolve("bizpro", "alice")
    assert user == UserContext(id="alice")
    assert directory.asked == [("enabled", "alice")]


async def test_unknown_and_disabled_users_are_refused_by_their_own_reasons(
    resolver: UserResolver,
) -> None:
    assert await refusal(resolver, "nobody") is Reason.USER_UNKNOWN
    assert await refusal(resolver, "mallory") is Reason.USER_DISABLED
    assert resolver.recall("bizpro", "mallory") is None


async def test_a_user_looked_at_lately_is_recalled(
    resolver: UserResolver, directory: TellingDirectory, clock: FrozenClock
) -> None:
    assert resolver.recall("bizpro", "alice") is None
    user = await resolver.resolve("bizpro", "alice")
    clock.advance(59.9)
    assert resolver.recall("bizpro", "alice") is user
    clock.advance(0.1)
    assert resolver.recall("bizpro", "alice") is None
    await resolver.resolve("bizpro", "alice")
    assert directory.count("enabled") == 2


async def test_a_user_disabled_meanwhile_is_refused_once_the_cache_is_old(
    resolver: UserResolver, directory: TellingDirectory, clock: FrozenClock
) -> None:
    user = await resolver.resolve("bizpro", "alice")
    await resolver.fetch("bizpro", user, GROUPS)
    directory.enabled["alice"] = False
    clock.advance(60)
    assert await refusal(resolver, "alice") is Reason.USER_DISABLED
    assert resolver.recall("bizpro", "alice") is None


async def test_a_refusal_is_remembered_for_a_moment_only(
    resolver: UserResolver, directory: TellingDirectory, clock: FrozenClock
) -> None:
    for _ in range(3):
        assert await refusal(resolver, "carol") is Reason.USER_UNKNOWN
    assert directory.count("enabled") == 1
    directory.enabled["carol"] = True
    clock.advance(5)
    assert (await resolver.resolve("bizpro", "carol")).id == "carol"


async def test_parts_are_fetched_when_asked_for_and_then_known(
    resolver: UserResolver, directory: TellingDirectory
) -> None:
    user = await resolver.resolve("bizpro", "alice")
    with_groups = await resolver.fetch("bizpro", user, GROUPS)
    assert with_groups.groups == frozenset({"group of alice"})
    assert (with_groups.roles, with_groups.attributes) == (NOT_FETCHED, NOT_FETCHED)
    complete = await resolver.fetch("bizpro", with_groups, ALL)
    assert complete.roles == frozenset({"role of alice"})
    assert complete.attributes == {"owner": "alice"}
    assert [directory.count(part) for part in ("groups", "roles", "attributes")] == [1, 1, 1]
    assert resolver.recall("bizpro", "alice") == complete


async def test_each_part_grows_old_by_itself(
    resolver: UserResolver, directory: TellingDirectory, clock: FrozenClock
) -> None:
    user = await resolver.resolve("bizpro", "alice")
    await resolver.fetch("bizpro", user, GROUPS)
    clock.advance(30)
    await resolver.fetch("bizpro", user, frozenset({UserPart.ROLES}))
    clock.advance(30)
    assert resolver.recall("bizpro", "alice") is None
    again = await resolver.resolve("bizpro", "alice")
    assert (again.groups, again.roles) == (NOT_FETCHED, frozenset({"role of alice"}))
    assert directory.count("enabled") == 2


async def test_a_fresh_part_of_another_decision_is_not_fetched_again(
    resolver: UserResolver, directory: TellingDirectory
) -> None:
    user = await resolver.resolve("bizpro", "alice")
    await resolver.fetch("bizpro", user, GROUPS)
    await resolver.fetch("bizpro", user, GROUPS)
    assert directory.count("groups") == 1


@pytest.mark.parametrize(
    ("error", "detail"),
    [
        pytest.param(DependencyUnavailableError("people", detail="down"), "down", id="unavailable"),
        pytest.param(ValueError("select * from users"), "ValueError", id="a fault of the source"),
        pytest.param(RecursionError(), "RecursionError", id="recursion"),
        pytest.param(TimeoutError(), "timed out", id="time"),
    ],
)
async def test_a_part_that_cannot_be_had_is_its_exception_and_is_not_kept(
    resolver: UserResolver, directory: TellingDirectory, error: Exception, detail: str
) -> None:
    user = await resolver.resolve("bizpro", "alice")
    directory.failing["groups"] = error
    failed = await resolver.fetch("bizpro", user, ALL)
    assert isinstance(failed.groups, DependencyUnavailableError)
    assert (failed.groups.dependency, failed.groups.detail) == ("people", detail)
    assert failed.roles == frozenset({"role of alice"})
    recalled = resolver.recall("bizpro", "alice")
    assert recalled is not None
    assert recalled.groups is NOT_FETCHED
    # One decision sees one answer; the next one asks again.
    assert (await resolver.fetch("bizpro", failed, ALL)).groups is failed.groups
    del directory.failing["groups"]
    assert (await resolver.fetch("bizpro", user, ALL)).groups == frozenset({"group of alice"})


async def test_an_unavailable_directory_is_neither_an_unknown_user_nor_remembered(
    resolver: UserResolver, directory: TellingDirectory
) -> None:
    directory.failing["enabled"] = DependencyUnavailableError("people", detail="down")
    with pytest.raises(DependencyUnavailableError, match="people is unavailable"):
        await resolver.resolve("bizpro", "alice")
    directory.failing.clear()
    assert (await resolver.resolve("bizpro", "alice")).id == "alice"


async def test_a_directory_that_hangs_is_unavailable(
    resolver: UserResolver, directory: TellingDirectory
) -> None:
    directory.gate.clear()
    with pytest.raises(DependencyUnavailableError) as caught:
        await resolver.resolve("bizpro", "alice")
    assert caught.value.detail == "timed out"
    await resolver.close()


@pytest.mark.parametrize("answer", [1, 0, "true", "false", [], {"enabled": True}])
async def test_only_true_false_and_nothing_are_answers(
    resolver: UserResolver, directory: TellingDirectory, answer: object
) -> None:
    directory.enabled["odd"] = answer
    with pytest.raises(DependencyUnavailableError):
        await resolver.resolve("bizpro", "odd")


async def test_a_provider_without_a_directory_knows_nobody_and_says_so(
    resolver: UserResolver,
) -> None:
    with pytest.raises(DependencyUnavailableError, match="directory is unavailable"):
        await resolver.resolve("other", "alice")
    user = await resolver.fetch("other", UserContext(id="alice"), GROUPS)
    assert isinstance(user.groups, DependencyUnavailableError)


async def test_one_subject_of_two_providers_is_two_users(clock: FrozenClock) -> None:
    ours = TellingDirectory({"alice": True}, id="ours")
    theirs = TellingDirectory({"alice": False}, id="theirs")
    resolver = UserResolver({"ours": ours, "theirs": theirs}, clock=clock)
    assert (await resolver.resolve("ours", "alice")).id == "alice"
    assert resolver.recall("theirs", "alice") is None
    with pytest.raises(TokenRejectedError, match="user-disabled"):
        await resolver.resolve("theirs", "alice")


async def test_many_decisions_about_one_user_ask_once(
    resolver: UserResolver, directory: TellingDirectory
) -> None:
    directory.gate.clear()
    waiting = [asyncio.create_task(resolver.resolve("bizpro", "alice")) for _ in range(100)]
    await settle()
    directory.gate.set()
    users = await asyncio.gather(*waiting)
    assert directory.asked == [("enabled", "alice")]
    fetched = await asyncio.gather(*[resolver.fetch("bizpro", user, ALL) for user in users])
    assert len(directory.asked) == 4
    assert all(user.attributes == {"owner": "alice"} for user in fetched)


async def test_a_decision_that_gives_up_does_not_end_the_question_of_the_others(
    resolver: UserResolver, directory: TellingDirectory
) -> None:
    directory.gate.clear()
    first, second = (asyncio.create_task(resolver.resolve("bizpro", "alice")) for _ in range(2))
    await settle()
    first.cancel()
    await settle()
    directory.gate.set()
    assert (await second).id == "alice"


async def test_decisions_that_fail_together_do_not_share_their_exception(
    resolver: UserResolver, directory: TellingDirectory
) -> None:
    directory.failing["enabled"] = DependencyUnavailableError("people")
    found = await asyncio.gather(
        *[resolver.resolve("bizpro", "alice") for _ in range(3)], return_exceptions=True
    )
    assert directory.count("enabled") == 1
    assert len({id(error) for error in found}) == 3
    assert all(isinstance(error, DependencyUnavailableError) for error in found)


async def test_two_hundred_users_at_once_each_get_their_own_context(clock: FrozenClock) -> None:
    names = [f"user-{number}" for number in range(200)]
    directory = TellingDirectory(
        {name: number % 5 != 0 for number, name in enumerate(names) if number % 7}
    )
    directory.failing = {
        name: DependencyUnavailableError("people", detail=name) for name in names[::11]
    }
    resolver = UserResolver({"bizpro": directory}, clock=clock)

    async def seen(name: str) -> str:
        await asyncio.sleep(0)
        try:
            user = await resolver.resolve("bizpro", name)
        except DependencyUnavailableError as error:
            return f"unavailable {error.detail}"
        except TokenRejectedError as error:
            return error.reason.value
        user = await resolver.fetch("bizpro", user, ALL)
        assert user.groups == frozenset({f"group of {name}"})
        assert user.attributes == {"owner": name}
        return user.id

    def expected(number: int, name: str) -> str:
        if number % 11 == 0:
            return f"unavailable {name}"
        if number % 7 == 0:
            return "user-unknown"
        return "user-disabled" if number % 5 == 0 else name

    answers = await asyncio.gather(*[seen(name) for name in names for _ in range(3)])
    wanted = [expected(number, name) for number, name in enumerate(names)]
    assert answers == [answer for answer in wanted for _ in range(3)]


async def test_every_directory_is_closed_once(clock: FrozenClock) -> None:
    directory = TellingDirectory({})
    resolver = UserResolver({"one": directory, "two": directory}, clock=clock)
    await resolver.close()
    assert directory.closed == 1


async def test_warming_up_asks_each_directory_once_and_keeps_nothing(
    directory: TellingDirectory, clock: FrozenClock
) -> None:
    broken = TellingDirectory({}, id="broken")
    broken.failing["enabled"] = DependencyUnavailableError("broken")
    sources = {"bizpro": directory, "shop": directory, "other": broken}
    resolver = UserResolver(sources, clock=clock, timeout=0.05)
    assert await resolver.warm_up() == ("broken",)
    assert directory.count("enabled") == 1
    ((_, subject),) = directory.asked
    assert resolver.recall("bizpro", subject) is None


@pytest.mark.parametrize("changed", ["alice", None])
async def test_an_answer_that_was_under_way_at_a_change_is_not_kept(
    resolver: UserResolver, directory: TellingDirectory, changed: str | None
) -> None:
    directory.gate.clear()
    asking = asyncio.create_task(resolver.resolve("bizpro", "alice"))
    await settle()
    resolver.forget(["bizpro"], changed)
    directory.gate.set()
    assert (await asking).id == "alice"
    assert resolver.recall("bizpro", "alice") is None


@pytest.mark.parametrize("changed", ["alice", None])
async def test_what_was_kept_before_a_change_is_not_used_again(
    resolver: UserResolver, directory: TellingDirectory, changed: str | None, clock: FrozenClock
) -> None:
    user = await resolver.resolve("bizpro", "alice")
    await resolver.fetch("bizpro", user, ALL)
    clock.advance(1)
    resolver.forget(["bizpro"], changed)
    clock.advance(1)
    before = len(directory.asked)
    user = await resolver.resolve("bizpro", "alice")
    await resolver.fetch("bizpro", user, ALL)
    assert len(directory.asked) == before + 4
    assert resolver.recall("bizpro", "alice") is not None


async def test_a_change_of_one_user_leaves_the_others(
    resolver: UserResolver, directory: TellingDirectory
) -> None:
    for subject in ("alice", "bob"):
        await resolver.resolve("bizpro", subject)
    resolver.forget(["bizpro"], "alice")
    assert resolver.recall("bizpro", "alice") is None
    assert resolver.recall("bizpro", "bob") is not None
