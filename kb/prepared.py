"""Queries that are compiled once.

Django compiles a queryset to SQL each time it runs. For a look-up by key that takes several times as long as
the database does. On the way of every search that was a third of the web process's time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet

Row = tuple[Any, ...]


class PreparedRows:
    """The rows of a `values_list` query that is run again and again with other values.

    Args:
        make: makes the query, with a mark in the place of each value that changes. It may depend on nothing
            else that changes.
        marks: distinct values that stand nowhere else in the query, in the form in which the database gets
            them.
    """

    def __init__(self, make: Callable[[], QuerySet[Any, Row]], marks: Sequence[int | str]) -> None:
        self._make = make
        self._marks = list(marks)
        self._compiled: dict[str, _Compiled | None] = {}

    def rows(self, *values: int | str) -> list[Row]:
        """The rows with these values in the places of the marks, as many as those."""
        if connection.vendor not in self._compiled:
            self._compiled[connection.vendor] = self._compile()
        compiled = self._compiled[connection.vendor]
        if compiled is None:
            return []
        given = dict(zip(self._marks, values, strict=True))
        with connection.cursor() as cursor:
            cursor.execute(compiled.sql, [given.get(each, each) for each in compiled.parameters])
            found: list[Row] = cursor.fetchall()
        return [compiled.converted(row) for row in found] if compiled.converters else found

    def _compile(self) -> _Compiled | None:
        """None when Django knows that no row can be found.

        Raises:
            ValueError: a mark is not in the SQL, or is changed on its way there.
        """
        compiler = self._make().query.get_compiler(connection=connection)
        try:
            sql, parameters = compiler.as_sql()
        except EmptyResultSet:
            return None
        if missing := set(self._marks).difference(parameters):
            raise ValueError(f"not in the query: {missing}")
        columns = [column for column, _, _ in compiler.select]
        return _Compiled(sql, tuple(parameters), compiler.get_converters(columns))


@dataclass(frozen=True)
class _Compiled:
    sql: str
    parameters: tuple[Any, ...]
    converters: dict[int, tuple[list[Callable[..., Any]], Any]]  # by column

    def converted(self, row: Row) -> Row:
        values = list(row)
        for column, (converters, expression) in self.converters.items():
            for converter in converters:
                values[column] = converter(values[column], expression, connection)
        return tuple(values)
