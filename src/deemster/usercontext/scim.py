"""A directory that speaks SCIM 2.0 (RFC 7643, RFC 7644)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from deemster.usercontext.asked_directory import AskedDirectory
from deemster.usercontext.mapping import MisfitError
from deemster.usercontext.scim_answers import (
    Resource,
    ResourcePage,
    ScimPath,
    page_of,
    resource_of,
    texts_of,
    value_at,
)
from deemster.usercontext.scim_questions import (
    can_be_asked_for,
    groups_target,
    user_target,
    users_target,
)

__all__ = ["MOST_GROUPS", "ScimRules", "ScimUserSource"]

MOST_GROUPS = 1000
_PAGE = 100
_ACCEPT = "application/scim+json, application/json;q=0.9"
_ID = ScimPath.of("id")
_ACTIVE = ScimPath.of("active")


@dataclass(frozen=True, slots=True)
class ScimRules:
    """What the settings say of a directory.

    `user_by` is None where the subject is the resource's `id`, else the attribute that has it.
    `groups` is where a user's groups stand in the user (`groups.display`), or None: then the
    groups are asked for, and are called by `group_name`. `roles` as `groups`.
    """

    user_by: ScimPath | None
    groups: ScimPath | None
    group_name: ScimPath
    roles: ScimPath
    attributes: tuple[tuple[str, ScimPath], ...] = ()


class ScimUserSource:
    """`directories[]` of kind scim. Each question asks for the attributes that answer it.

    What comes back is compared with the subject: a filter that ignores case, or a path that led
    elsewhere, never makes one user another.
    """

    def __init__(self, directory: AskedDirectory, rules: ScimRules) -> None:
        self.id = directory.id
        self._directory = directory
        self._rules = rules

    async def is_enabled(self, subject: str) -> bool | None:
        """See UserSource. A user without `active` is enabled; `active` must be a boolean."""
        if not can_be_asked_for(subject):
            return None
        return await self._directory.bounded(lambda: self._enabled(subject))

    async def groups(self, subject: str) -> frozenset[str]:
        """See UserSource: as the user has them, else those that it is a direct member of."""
        path = self._rules.groups
        if path is None:
            return await self._directory.bounded(lambda: self._member_of(subject))
        return await self._directory.bounded(lambda: self._texts(subject, path))

    async def roles(self, subject: str) -> frozenset[str]:
        """See UserSource."""
        return await self._directory.bounded(lambda: self._texts(subject, self._rules.roles))

    async def attributes(self, subject: str) -> Mapping[str, object]:
        """See UserSource: those of the settings that the user has."""
        if not self._rules.attributes:
            return {}
        return await self._directory.bounded(lambda: self._attributes(subject))

    async def close(self) -> None:
        """Release connections."""
        await self._directory.close()

    # --- the user -------------------------------------------------------------------------------

    async def _enabled(self, subject: str) -> bool | None:
        user = await self._user(subject, _ACTIVE)
        active = None if user is None else value_at(user, _ACTIVE)
        if user is None or active is None:
            return None if user is None else True
        # INVARIANT: only a boolean says that somebody is enabled.
        if not isinstance(active, bool):
            raise MisfitError("`active` is not a boolean")
        return active

    async def _texts(self, subject: str, path: ScimPath) -> frozenset[str]:
        whole = ScimPath(path.name, path.urn, path.name, None)
        return texts_of(await self._known(subject, whole), path)

    async def _attributes(self, subject: str) -> Mapping[str, object]:
        paths = self._rules.attributes
        user = await self._known(subject, *[path for _, path in paths])
        found = {name: value_at(user, path) for name, path in paths}
        return {name: value for name, value in found.items() if value is not None}

    async def _known(self, subject: str, *wanted: ScimPath) -> Resource:
        user = await self._user(subject, *wanted) if can_be_asked_for(subject) else None
        if user is None:
            # It was known a moment ago: that is no reason to say that it has nothing.
            raise MisfitError("the user is gone")
        return user

    async def _user(self, subject: str, *wanted: ScimPath) -> Resource | None:
        names = [path.asked for path in wanted]
        by = self._rules.user_by
        if by is None:
            answer = await self._directory.get(user_target(subject, names), accept=_ACCEPT)
            user = resource_of(answer)
            if user is not None and value_at(user, _ID) != subject:
                raise MisfitError("the answer is about another user")
            return user
        target = users_target(by.asked, subject, names)
        page = page_of(await self._directory.get(target, accept=_ACCEPT))
        if page.total > 1:
            raise MisfitError("more than one user is called so")
        if page.total == 0:
            return None
        if not page.resources:
            raise MisfitError("the one user that there is was not told")
        return self._exactly(page.resources[0], by, subject)

    def _exactly(self, user: Resource, by: ScimPath, subject: str) -> Resource | None:
        found = value_at(user, by)
        if not isinstance(found, str):
            raise MisfitError(f"`{by.text}` is not text")
        # RFC 7643 4.1.1: `userName` has no case there. Two subjects are never one user here.
        return user if found == subject else None

    # --- groups by their members ----------------------------------------------------------------

    async def _member_of(self, subject: str) -> frozenset[str]:
        user_id = await self._id_of(subject)
        names: set[str] = set()
        start = 1
        while True:
            page = await self._page_of_groups(user_id, start)
            names |= {self._name_of(group) for group in page.resources}
            start += len(page.resources)
            if start > page.total:
                return frozenset(names)
            if not page.resources:
                # RFC 7644 3.4.2.4: a page may be short, but not of nothing while there is more.
                raise MisfitError("a page of groups is empty before the last")

    async def _id_of(self, subject: str) -> str:
        if self._rules.user_by is None:
            user_id: object = subject
        else:
            user_id = value_at(await self._known(subject, _ID), _ID)
        if not isinstance(user_id, str) or not can_be_asked_for(user_id):
            raise MisfitError("`id` is none that can be asked for")
        return user_id

    async def _page_of_groups(self, user_id: str, start: int) -> ResourcePage:
        target = groups_target(user_id, self._rules.group_name.asked, start=start, count=_PAGE)
        page = page_of(await self._directory.get(target, accept=_ACCEPT))
        if page.total > MOST_GROUPS:
            raise MisfitError(f"the user is in more than {MOST_GROUPS} groups")
        return page

    def _name_of(self, group: Resource) -> str:
        path = self._rules.group_name
        name = value_at(group, path)
        if not isinstance(name, str) or not name:
            raise MisfitError(f"`{path.text}` of a group is not text")
        return name
