"""Boundaries of analytic criteria: where they are, how many there are, and what they cost."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest

from calcikin.analysis.tracing import trace, trace_many
from calcikin.errors import OutOfRangeError

TOLERANCE = 0.01
#: A grid of the same resolution, and the runs that a twentieth of it would be.
ALLOWED = 101**2 / 20


def circle(points):
    return 0.3**2 - (points[:, 0] - 0.52) ** 2 - (points[:, 1] - 0.47) ** 2


def along(line, parts=20):
    """Points on a line between its vertices too, ends included."""
    t = np.linspace(0.0, 1.0, parts)[:, None]
    return np.concatenate([a + t * (b - a) for a, b in pairwise(line)])


def test_a_circle_is_one_closed_line_within_the_tolerance():
    found = trace(circle)
    (line,) = found.branches
    assert np.array_equal(line[0], line[-1])
    radius = np.hypot(*(along(line) - [0.52, 0.47]).T)
    assert np.abs(radius - 0.3).max() <= TOLERANCE
    # all the way round
    angle = np.sort(np.arctan2(*(line - [0.52, 0.47]).T))
    assert np.diff(angle).max() < 0.4
    assert found.unresolved == found.lost == 0
    assert len(found.points) <= ALLOWED
    assert len(np.unique(found.points, axis=0)) == len(found.points)


@pytest.mark.parametrize(
    "sharpen",
    [np.sign, lambda m: np.where(m > 0.0, 1.0, -1e-6), lambda m: np.tanh(40.0 * m), lambda m: m**3],
    ids=["yes or no", "lopsided", "steep", "flat"],
)
def test_only_the_side_matters(sharpen):
    found = trace(lambda points: sharpen(circle(points)))
    (line,) = found.branches
    radius = np.hypot(*(along(line) - [0.52, 0.47]).T)
    assert np.abs(radius - 0.3).max() <= TOLERANCE
    assert len(found.points) <= ALLOWED


def test_a_hyperbola_has_two_branches():
    # two arms through opposite corners, and a strait between them
    found = trace(lambda p: (p[:, 0] - 0.5) * (p[:, 1] - 0.5) - 0.01)
    assert len(found.branches) == 2
    for line in found.branches:
        points = along(line)
        assert not np.array_equal(line[0], line[-1])
        distance = np.abs((points[:, 0] - 0.5) * (points[:, 1] - 0.5) - 0.01)
        slope = np.hypot(points[:, 0] - 0.5, points[:, 1] - 0.5)
        assert (distance / slope).max() <= TOLERANCE
    assert len(found.points) <= ALLOWED


def test_two_separate_curves_cost_no_more_than_a_twentieth_of_the_grid():
    found = trace(lambda p: (p[:, 1] - 0.2 - 0.1 * p[:, 0]) * (p[:, 1] - 0.8 + 0.2 * p[:, 0] ** 2))
    assert len(found.branches) == 2
    for line in found.branches:
        p = along(line)
        near = np.minimum(
            np.abs(p[:, 1] - 0.2 - 0.1 * p[:, 0]), np.abs(p[:, 1] - 0.8 + 0.2 * p[:, 0] ** 2)
        )
        assert near.max() <= TOLERANCE
        assert {0.0, 1.0} == {round(float(line[0, 0]), 9), round(float(line[-1, 0]), 9)}
    assert len(found.points) <= ALLOWED


@pytest.mark.parametrize("value", [1.0, -1.0])
def test_no_boundary_is_no_line(value):
    found = trace(lambda p: value * (2.0 + p[:, 0]))
    assert not found.found
    assert found.branches == ()
    assert found.stages <= 2


def test_nothing_but_missing_values_is_no_line():
    found = trace(lambda p: np.full(len(p), math.nan))
    assert not found.found
    assert np.isnan(found.side(np.array([[0.5, 0.5]]))).all()


def test_an_island_between_the_points_of_the_first_look_is_found():
    # radius 0.05, its middle in the middle of a cell of 0.125
    def island(p):
        return 0.05 - np.hypot(p[:, 0] - 0.4375, p[:, 1] - 0.5625)

    (line,) = trace(island).branches
    assert np.array_equal(line[0], line[-1])
    radius = np.hypot(*(line - [0.4375, 0.5625]).T)
    assert np.abs(radius - 0.05).max() <= TOLERANCE


def test_a_boundary_ends_where_there_is_no_value():
    def half(p):
        return np.where(p[:, 0] > 0.6, math.nan, p[:, 1] - 0.5 - 0.1 * np.sin(6.0 * p[:, 0]))

    found = trace(half)
    (line,) = found.branches
    assert line[:, 0].max() <= 0.6
    # the last lattice point of 16 before 0.6
    assert line[:, 0].max() >= 9 / 16 - 1e-9
    points = along(line)
    slope = 0.6  # steepest
    error = np.abs(points[:, 1] - 0.5 - 0.1 * np.sin(6.0 * points[:, 0]))
    assert error.max() <= TOLERANCE * math.hypot(1.0, slope)


def test_a_gap_on_the_boundary_is_counted_not_guessed():
    def gap(p):
        return np.where(np.abs(p[:, 1] - 0.51) < 0.01, math.nan, p[:, 1] - 0.51)

    found = trace(gap)
    assert found.lost == 17
    assert found.branches == ()


def test_a_narrow_bend_is_followed_or_said():
    # a tongue 0.08 wide, with a tip of radius 0.04
    def tongue(p):
        beyond = np.maximum(p[:, 0] - 0.55, 0.0)
        return 0.04 - np.hypot(beyond, p[:, 1] - 0.53)

    found = trace(tongue)
    (line,) = found.branches
    assert np.abs(tongue(along(line))).max() <= TOLERANCE or found.unresolved > 0
    assert line[:, 0].max() == pytest.approx(0.59, abs=TOLERANCE)


def test_the_side_of_further_points_is_that_of_the_criterion_beyond_the_tolerance():
    found = trace(circle)
    points = np.random.default_rng(1).random((2000, 2))
    clear = np.abs(np.hypot(points[:, 0] - 0.52, points[:, 1] - 0.47) - 0.3) > 2.0 * TOLERANCE
    assert np.array_equal(found.side(points)[clear], (circle(points) > 0.0)[clear])


def test_many_boundaries_are_asked_for_together():
    levels = np.linspace(0.2, 0.8, 7)
    calls = []

    def together(asked):
        calls.append([k for k, _ in asked])
        return [p[:, 1] - levels[k] - 0.1 * p[:, 0] for k, p in asked]

    found = trace_many(together, 2, len(levels))
    assert len(calls) == max(one.stages for one in found)
    assert calls[0] == list(range(7))
    for level, one in zip(levels, found, strict=True):
        alone = trace(lambda p, level=level: p[:, 1] - level - 0.1 * p[:, 0])
        assert np.array_equal(one.points, alone.points)
        assert np.abs(one.branches[0][:, 1] - level - 0.1 * one.branches[0][:, 0]).max() < 1e-3


def test_a_sphere_is_a_surface_within_the_tolerance():
    def ball(p):
        return 0.32 - np.linalg.norm(p - [0.5, 0.48, 0.53], axis=1)

    found = trace(ball, 3)
    assert np.abs(ball(found.vertices)).max() <= TOLERANCE
    # middles of patches too
    assert np.abs(ball(found.vertices[found.faces].mean(axis=1))).max() <= TOLERANCE
    assert found.unresolved == 0
    assert len(found.points) <= 101**3 / 20
    # closed: Euler's number of a sphere is 2, and every edge has two patches
    edges = {
        tuple(sorted(pair))
        for face in found.faces.tolist()
        for pair in zip(face, face[1:] + face[:1], strict=True)
    }
    assert len(found.vertices) - len(edges) + len(found.faces) == 2


@pytest.mark.parametrize("words", [{"looks": 2}, {"tolerance": 0.0}, {"dims": 4}])
def test_what_makes_no_sense_is_refused(words):
    with pytest.raises(OutOfRangeError, match="tolerance"):
        trace(circle, **words)
