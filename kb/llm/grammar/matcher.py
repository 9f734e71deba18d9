"""Which characters may come next, as an answer grows."""

from __future__ import annotations

import codecs

from kb.llm.errors import GrammarError
from kb.llm.grammar.characters import holds, union
from kb.llm.grammar.rules import END, Grammar, Ranges

# What is possible at a moment: the numbers of stacks that wait for a character; NOTHING_LEFT for none.
State = frozenset[int]

NOTHING_LEFT = -1
_DEAD: State = frozenset()
# Each text may have several meanings, and each of those a stack of its own.
_MAX_MEANINGS = 300
_MAX_STACKS = 300_000
_MAX_KNOWN = 200_000
# Steps in Python that are granted for each token, about 20 ms, and what may be saved up.
_STEPS_PER_TOKEN = 20_000
_MAX_STEPS = 400_000


class Matcher:
    """Follows one answer through a grammar, like an automaton whose states are made when they are needed.

    A stack is a place in the grammar and the stack to go on with behind it. Equal ones have one number, so
    that a step that was made before is looked up.

    The work is bounded, whatever the grammar: with some, each further character doubles the meanings.

    Raises:
        GrammarError: it is too ambiguous to be begun.
    """

    def __init__(self, grammar: Grammar) -> None:
        self._grammar = grammar
        self._stacks: list[tuple[int, int]] = []
        self._numbers: dict[tuple[int, int], int] = {}
        self._waiting: dict[int, State] = {}
        self._known: dict[tuple[State, int], State] = {}
        self._expected: dict[State, Ranges] = {}
        self._steps = _MAX_STEPS
        self._pending = b""
        heads = grammar.heads[grammar.root]
        self._state: State = frozenset().union(*(self._settled(self._stack(at, END)) for at in heads))

    @property
    def is_complete(self) -> bool:
        """Whether the answer may end here."""
        return NOTHING_LEFT in self._state and not self._pending

    @property
    def is_in_character(self) -> bool:
        """The last bytes were the beginning of a character."""
        return bool(self._pending)

    @property
    def expected(self) -> Ranges:
        """The characters that may come next."""
        return self._expects(self._state)

    def allows(self, data: bytes, text: str | None) -> bool:
        """Whether these bytes may come next. False, too, where finding out would take too long.

        Args:
            text: the same as text, where the bytes are whole characters.
        """
        try:
            return self._after(data, text) is not None
        except GrammarError:
            return False

    def accept(self, data: bytes, text: str | None) -> None:
        """Go on with bytes that are allowed."""
        after = self._after(data, text)
        if after is None:
            raise ValueError("The grammar does not allow this.")
        self._state, self._pending = after
        self._steps = min(self._steps + _STEPS_PER_TOKEN, _MAX_STEPS)

    def _after(self, data: bytes, text: str | None) -> tuple[State, bytes] | None:
        pending = b""
        if text is None or self._pending:
            decoder = codecs.getincrementaldecoder("utf-8")()
            try:
                text = decoder.decode(self._pending + data)
            except UnicodeDecodeError:
                return None
            pending = decoder.getstate()[0]
        state = self._state
        for one in text:
            state = self._step(state, ord(one))
            if not state:
                return None
        if pending and not self._may_become(state, pending):
            return None
        return state, pending

    def _may_become(self, state: State, pending: bytes) -> bool:
        """Whether a character that begins with these bytes may come next."""
        length = 2 if pending[0] < 0xE0 else 3 if pending[0] < 0xF0 else 4
        missing = length - len(pending)
        value = pending[0] & (0x7F >> length)
        for byte in pending[1:]:
            value = value << 6 | byte & 0x3F
        low, high = value << 6 * missing, ((value + 1) << 6 * missing) - 1
        low = max(low, {2: 0x80, 3: 0x800, 4: 0x10000}[length])
        return any(low <= last and first <= high for first, last in self._expects(state))

    def _step(self, state: State, code: int) -> State:
        known = self._known.get((state, code))
        if known is not None:
            return known
        symbols, following = self._grammar.symbols, self._grammar.following
        found: set[int] = set()
        for stack in state - {NOTHING_LEFT}:
            place, rest = self._stacks[stack]
            ranges = symbols[place]
            self._spend(len(ranges) if isinstance(ranges, tuple) else 1)
            if isinstance(ranges, tuple) and holds(ranges, code):
                found |= self._settled(self._stack(following[place], rest))
        if len(found) > _MAX_MEANINGS:
            raise _too_ambiguous()
        if len(self._known) >= _MAX_KNOWN:
            self._known.clear()
        after = self._known[state, code] = frozenset(found) if found else _DEAD
        return after

    def _expects(self, state: State) -> Ranges:
        found = self._expected.get(state)
        if found is None:
            symbols = [self._grammar.symbols[self._stacks[one][0]] for one in state - {NOTHING_LEFT}]
            found = union(one for ranges in symbols if isinstance(ranges, tuple) for one in ranges)
            self._expected[state] = found
        return found

    def _settled(self, stack: int) -> State:
        """The stacks that it stands for, each with a character next."""
        known = self._waiting.get(stack)
        if known is not None:
            return known
        seen = {stack}
        todo = [stack]
        found = set()
        while todo:
            one = todo.pop()
            self._spend(1)
            place, rest = self._stacks[one] if one != NOTHING_LEFT else (END, END)
            symbol = self._grammar.symbols[place] if place != END else ()
            if not isinstance(symbol, int):
                found.add(one)
                continue
            behind = self._stack(self._grammar.following[place], rest)
            for head in self._grammar.heads[symbol]:
                next_one = self._stack(head, behind)
                if next_one not in seen:
                    seen.add(next_one)
                    todo.append(next_one)
        settled = self._waiting[stack] = frozenset(found)
        return settled

    def _stack(self, place: int, rest: int) -> int:
        """The number of the stack with this place on top; of the rest alone where nothing is left there."""
        if place == END:
            return rest
        number = self._numbers.get((place, rest))
        if number is None:
            if len(self._stacks) >= _MAX_STACKS:
                raise _too_ambiguous()
            number = self._numbers[place, rest] = len(self._stacks)
            self._stacks.append((place, rest))
        return number

    def _spend(self, steps: int) -> None:
        self._steps -= steps
        if self._steps < 0:
            raise _too_ambiguous()


def _too_ambiguous() -> GrammarError:
    return GrammarError("The grammar is too ambiguous: its texts have too many meanings at once.")
