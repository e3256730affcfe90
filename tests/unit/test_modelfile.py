"""Model files that make no sense are refused: what, where, and what to try instead."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from calcikin import load
from calcikin.errors import (
    BalanceError,
    InputError,
    ModelFileError,
    OutOfRangeError,
    UnitError,
    UnknownNameError,
)
from calcikin.model.modelfile import load_scenario, scenario_names
from calcikin.model.parameters import load_parameters
from calcikin.paths import models_dir

HEAD = """\
name = "trial"
source = "test"
network = "calcification"
medium = "acp_slurry"
ph = "closed"
duration = "1 h"
"""


@pytest.fixture
def write(tmp_path: Path):
    """Write a model file and return its path; ``extra`` is appended to ``head``."""

    def write(extra: str = "", head: str = HEAD, name: str = "trial.toml") -> Path:
        path = tmp_path / name
        path.write_text(head + extra, encoding="utf-8")
        return path

    return write


def refusal(path: Path, kind: type[InputError] = ModelFileError) -> str:
    """Message with which the file is refused."""
    with pytest.raises(kind) as caught:
        load(path)
    assert caught.value.exit_code == 2
    return str(caught.value)


# --- what is accepted --------------------------------------------------------------------------


def test_shipped_models_load_and_balance() -> None:
    names = scenario_names()
    assert {"t50_serum", "acp_slurry", "fetuin_purified", "sbf", "open_serum"} <= set(names)
    for name in names:
        scenario = load_scenario(name)
        assert scenario.name == name
        assert scenario.source
        scenario.network.prove_balances()
        assert scenario.duration > 0.0


def test_extension_adds_a_process(write) -> None:
    path = write(
        "[extension.processes.wash_out]\n"
        'law = "clearance"\ninputs = { rate = "tnap_rate", amount = "PPi" }\n'
        "effect = { PPi = -1, H2O = -1, Pi = 2, H = 2 }\n"
    )
    network = load(path).scenario.network
    assert "wash_out" in network.process_names
    row = network.stoichiometry()[network.process_names.index("wash_out")]
    assert row[network.index("Pi")] == 2.0
    assert row[network.index("PPi")] == -1.0


def test_network_may_extend_another(write, tmp_path: Path) -> None:
    (tmp_path / "more.toml").write_text(
        'extends = "calcification"\nname = "more"\n[switches]\nextra = "for a test"\n'
    )
    path = write(head=HEAD.replace('"calcification"', '"more.toml"'))
    network = load(path).scenario.network
    assert "extra" in network.switches
    assert "whitlockite" in network.switches


def test_edited_file_is_read_again(write) -> None:
    path = write()
    assert load(path).duration == 3600.0
    path.write_text(HEAD.replace("1 h", "2 h"))
    os.utime(path, ns=(1, 2))  # another time stamp, whatever the clock's resolution
    assert load(path).duration == 7200.0


# --- balances ----------------------------------------------------------------------------------


def broken_process(effect: str) -> str:
    return (
        '[extension.processes.leak]\nlaw = "clearance"\n'
        'inputs = { rate = "tnap_rate", amount = "PPi" }\n'
        f"effect = {effect}\n"
    )


@pytest.mark.parametrize(
    ("effect", "element", "imbalance"),
    [
        ("{ PPi = -1, H2O = -1, Pi = 1, H = 2 }", "P", "-1"),
        ("{ PPi = -1, H2O = -1, Pi = 2.001, H = 2 }", "P", "+0.001"),
        ("{ PPi = -1, Pi = 2, H = 2 }", "O", "+1"),
        ("{ PPi = -1, H2O = -1, Pi = 2, H = 1 }", "charge", "-1"),
        ("{ Ca = -1, Mg = 1 }", "Ca", "-1"),
    ],
)
def test_process_that_does_not_balance(write, effect, element, imbalance) -> None:
    message = refusal(write(broken_process(effect)), BalanceError)
    assert "'leak'" in message
    assert f"balance {element}: {imbalance} " in message
    assert "calcification.toml" in message


def test_process_that_does_not_balance_charge(write) -> None:
    # all elements balance, the charge does not: a pool that claims the wrong charge
    message = refusal(
        write(
            '[extension.pools]\n"vault" = { elements = { Ca = 1 }, charge = 1, title = "x" }\n'
            '[extension.processes.hide]\nlaw = "clearance"\n'
            'inputs = { rate = "tnap_rate", amount = "Ca" }\neffect = { Ca = -1, vault = 1 }\n'
        ),
        BalanceError,
    )
    assert "'hide'" in message
    assert "charge: -1 " in message


# --- names -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("extra", "wrong", "right"),
    [
        (
            '[extension.quantities.q]\nlaw = "clearence"\ninputs = {}\n',
            "law 'clearence'",
            "clearance",
        ),
        (
            '[extension.quantities.q]\nlaw = "clearance"\n'
            'inputs = { rate = "tnap_rat", amount = "PPi" }\n',
            "'tnap_rat'",
            "tnap_rate",
        ),
        (
            '[extension.quantities.q]\nlaw = "clearance"\n'
            'inputs = { rate = "tnap_rate", amont = "PPi", amount = "PPi" }\n',
            "input of law 'clearance' 'amont'",
            "amount",
        ),
        (
            '[extension.quantities.q]\nlaw = "bare_share"\n'
            'inputs = { shielding = 1, covered = 1, switch = "switch.whitlokite" }\n',
            "switch 'whitlokite'",
            "whitlockite",
        ),
        (
            '[extension.quantities.q]\nlaw = "adsorption_term"\n'
            'inputs = { affinity = "affinity_Mg", activity = "a.Mgg", switch = 1 }\n',
            "component 'Mgg'",
            "Mg",
        ),
        ('[extension.populations.acp]\nphase = "APC"\n', "phase 'APC'", "ACP"),
        ('[extension.dissolved]\nCopper = "Cit2"\n', "component 'Cit2'", "Cit"),
        (broken_process("{ PPi = -1, Phosphate = 2 }"), "state 'Phosphate'", "Pi"),
        (
            '[extension.processes.birth]\nlaw = "constant_supply"\n'
            'inputs = { rate = "enpp1_vmax" }\nnucleates = "cpp3"\n',
            "population 'cpp3'",
            "cpp2",
        ),
    ],
)
def test_unknown_names_are_answered_with_the_nearest(write, extra, wrong, right) -> None:
    message = refusal(write(extra), UnknownNameError)
    assert f"unknown {wrong}" in message or wrong in message
    assert right in message.split("try:")[1]
    assert "where:" in message


@pytest.mark.parametrize(
    ("key", "value", "right"),
    [
        ("network", "calcificaton", "calcification"),
        ("medium", "acp_slury", "acp_slurry"),
        ("constants", "defalt", "default"),
        ("parameters", "defalt", "default"),
    ],
)
def test_unknown_parts(write, key: str, value: str, right: str) -> None:
    lines = [line for line in HEAD.splitlines() if not line.startswith(key)]
    head = "\n".join([*lines, f'{key} = "{value}"']) + "\n"
    message = refusal(write(head=head), UnknownNameError)
    assert value in message
    assert right in message.split("try:")[1]


def test_unknown_model_entry_and_switch(write) -> None:
    with pytest.raises(UnknownNameError, match="t50_serm") as caught:
        load("t50_serm")
    assert "try: t50_serum" in str(caught.value)
    message = refusal(write('durration = "1 h"\n'), UnknownNameError)
    assert "'durration'" in message
    assert "try: duration" in message
    message = refusal(write('switch_off = ["atp_sheilding"]\n'), UnknownNameError)
    assert "atp_shielding" in message


@pytest.mark.parametrize("name", ["__import__('os')", "a b", "1st", "a..b", "x;y", "é", ".a", "a."])
def test_a_name_is_an_identifier(write, name: str) -> None:
    # Strings are never evaluated: what does not look like a name is refused before anything else.
    message = refusal(
        write(
            '[extension.quantities.q]\nlaw = "clearance"\n'
            f'inputs = {{ rate = "tnap_rate", amount = "{name}" }}\n'
        )
    )
    assert f"{name!r} is not a name" in message
    assert "letters, digits" in message
    message = refusal(
        write(
            f'[extension.quantities."{name}"]\nlaw = "constant_supply"\ninputs = {{ rate = 1 }}\n'
        )
    )
    assert f"{name!r} is not a name" in message


@pytest.mark.parametrize("value", ["nan", "inf"])
def test_a_number_is_finite(write, value: str) -> None:
    message = refusal(
        write(f'[extension.quantities.q]\nlaw = "product"\ninputs = {{ factors = [{value}] }}\n')
    )
    assert "not a finite number" in message


@pytest.mark.parametrize("value", ["true", "{ a = 1 }", "1979-05-27"])
def test_an_input_is_a_name_or_a_number(write, value: str) -> None:
    message = refusal(
        write(f'[extension.quantities.q]\nlaw = "constant_supply"\ninputs = {{ rate = {value} }}\n')
    )
    assert "neither a name nor a number" in message


# --- units, circles, gaps ----------------------------------------------------------------------


def test_wrong_unit(write) -> None:
    message = refusal(
        write(
            '[extension.quantities.q]\nlaw = "clearance"\n'
            'inputs = { rate = "enpp1_km", amount = "PPi" }\n'
        ),
        UnitError,
    )
    assert "'rate' in 1/s" in message
    assert "'enpp1_km' is in mol/L" in message
    assert "[quantities.q]" in message


def test_a_number_that_needs_a_unit_must_be_a_parameter(write) -> None:
    message = refusal(
        write('[extension.quantities.q]\nlaw = "constant_supply"\ninputs = { rate = 1e-9 }\n'),
        UnitError,
    )
    assert "'rate' in mol/L/s, but 1e-09 is in 1" in message
    assert "make it a parameter" in message


def test_quantities_carry_their_unit_along(write) -> None:
    message = refusal(
        write(
            '[extension.quantities.k]\nlaw = "arrhenius"\n'
            'inputs = { rate_constant = "tnap_rate", T = "T", '
            'activation_energy = "activation_energy_acp" }\n'
            '[extension.quantities.q]\nlaw = "constant_supply"\ninputs = { rate = "k" }\n'
        ),
        UnitError,
    )
    assert "'k' is in 1/s" in message


def test_circular_quantity(write) -> None:
    message = refusal(
        write(
            '[extension.quantities.one]\nlaw = "product"\ninputs = { factors = ["two", 2] }\n'
            '[extension.quantities.two]\nlaw = "product"\ninputs = { factors = ["one", 2] }\n'
        )
    )
    assert "depends on itself" in message
    assert "one -> two -> one" in message or "two -> one -> two" in message


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        (
            '[extension.quantities.q]\nlaw = "clearance"\ninputs = { rate = "tnap_rate" }\n',
            "also needs amount",
        ),
        (
            '[extension.quantities.q]\nlaw = "product"\ninputs = { factors = "tnap_rate" }\n',
            "takes a list",
        ),
        (
            '[extension.processes.idle]\nlaw = "constant_supply"\n'
            'inputs = { rate = "enpp1_vmax" }\n',
            "changes nothing",
        ),
        (
            '[extension.quantities."acp.cube"]\nlaw = "product"\ninputs = { factors = [1] }\n',
            "defined twice",
        ),
    ],
)
def test_incomplete_tables(write, extra: str, words: str) -> None:
    assert words in refusal(write(extra))


SHAPES = [
    ('[extension.pools]\n"v" = { like = "Cu", title = "x" }\n', "unknown state 'Cu'"),
    ('[extension.pools]\n"v" = { elements = { Ca = 1 } }\n', "lacks 'title'"),
    ('[extension.pools]\n"v" = { title = "x" }\n', "needs either 'like' or 'elements'"),
    (
        '[extension.pools]\n"v" = { elements = { Ca = "a" }, title = "x" }\n',
        "elements.Ca = 'a' is not a finite number",
    ),
    ('[extension.pools]\n"v" = "x"\n', "pools.v = 'x' is not a table"),
    ('[extension.populations.zzz]\ntitle = "x"\n', "lacks 'phase'"),
    ('[extension.populations.acp]\ncoarsning = "x"\n', "coarsening?"),
    ('[extension.surfaces.zzz]\ndrive = "x"\n', "lacks 'width', 'adsorbates'"),
    ("[extension.surfaces.acp_surface.adsorbates]\nPi = { alpha = 1 }\n", "lacks 'affinity'"),
    (broken_process('{ PPi = "a" }'), "effect.PPi = 'a' is not a finite number"),
    (broken_process("{ PPi = nan }"), "effect.PPi = nan is not a finite number"),
    (broken_process("[1, 2]"), "effect = [1, 2] is not a table"),
    ("[extension.quantities.q]\ninputs = {}\n", "lacks 'law'"),
    ('[extension.quantities.q]\nlaw = "product"\n', "lacks 'inputs'"),
    ("[extension.quantities.q]\nlaw = 5\ninputs = {}\n", "law = 5 is not text"),
    (
        '[extension.quantities.q]\nlaw = "product"\ninputs = { factors = [] }\n',
        "inputs.factors = [] is not a name",
    ),
    ("[extension.quantities]\nq = 5\n", "quantities.q = 5 is not a table"),
    ('[extension.proceses.q]\nlaw = "x"\n', "processes"),
    ('[extension.processes.enpp1]\nsorce = "x"\n', "source?"),
    ("[extension.processes.enpp1]\nnucleates = 'acp'\n", "either 'effect' or 'nucleates'"),
    ('[extension.dissolved]\nCa2 = "Ca"\n', "both the total of Ca"),
    ("extension = 5\n", "extension = 5 is not a table"),
    ('enzyme_scale = "x"\n', "is not a number of at least 0"),
    ("enzyme_scale = nan\n", "is not a number of at least 0"),
    ("enzyme_scale = -3\n", "is not a number of at least 0"),
    ("pCO2 = -1.0\n", "between 0 and 1"),
    ('temperature = "200 degC"\n', "4 to 60 degC"),
    ("temperature = 37\n", "is not text"),
    ('preset = "nope"\n', "preset 'nope'"),
    ("switch_off = 5\n", "is not a list of text"),
    ("notes = 5\n", "is not a list of text"),
    ('window = "-1 h"\n', "window = -1 h is not plausible"),
    ("constants = 5\n", "is not text"),
]


@pytest.mark.parametrize(("extra", "words"), SHAPES, ids=[words for _, words in SHAPES])
def test_entries_of_the_wrong_kind(write, extra: str, words: str) -> None:
    message = refusal(write(extra), InputError)
    assert words in message
    assert "trial.toml" in message or "medium" in message


@pytest.mark.parametrize("key", ["name", "source", "network", "medium", "ph", "duration"])
def test_missing_entries(write, key: str) -> None:
    head = "".join(f"{line}\n" for line in HEAD.splitlines() if not line.startswith(key))
    message = refusal(write(head=head))
    assert f"lacks {key!r}" in message
    assert "trial.toml" in message


@pytest.mark.parametrize(
    ("text", "words"),
    [("", "is empty"), ("name = \n", "is not TOML"), ("name = 'a'\nname = 'b'\n", "is not TOML")],
)
def test_unreadable_files(write, text: str, words: str) -> None:
    message = refusal(write(head=text))
    assert words in message
    assert "trial.toml" in message


def test_no_file_and_not_text(tmp_path: Path) -> None:
    assert "there is no file" in refusal(tmp_path / "absent.toml")
    path = tmp_path / "binary.toml"
    path.write_bytes(b"\xff\xfe\x00")
    assert "cannot be read" in refusal(path)


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ('ph = "open"', ModelFileError),
        ('duration = "1 mol"', UnitError),
        ('duration = "1"', UnitError),
        ('duration = "nan h"', InputError),
        ('duration = "-1 h"', OutOfRangeError),
        ('duration = "0 s"', OutOfRangeError),
    ],
)
def test_impossible_settings(write, line: str, kind: type[InputError]) -> None:
    key = line.split(" ")[0]
    lines = [item for item in HEAD.splitlines() if not item.startswith(key)]
    refusal(write(head="\n".join([*lines, line]) + "\n"), kind)


# --- parameters --------------------------------------------------------------------------------

ROW = '[parameter.x]\nvalue = 1.0\nunit = "1/s"\nlow = 0.5\nhigh = 2.0\nstatus = "assumed"\n'
SOURCE = 'source = "test"\n'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (ROW, "lacks source"),
        (ROW.replace("1.0", "3.0") + SOURCE, "outside its own interval"),
        (ROW.replace("assumed", "guessed") + SOURCE, "status 'guessed'"),
        (ROW.replace("1.0", '"one"') + SOURCE, "parameter 'x'"),
        (ROW.replace("1/s", "furlong") + SOURCE, "furlong"),
        ("", "is empty"),
        ('name = "mine"', "holds no parameters"),
    ],
)
def test_parameter_files(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "p.toml"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        load_parameters(path)
    assert words in str(caught.value)


def test_complete_parameter_is_read(tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    path.write_text(ROW.replace("1/s", "1/min") + SOURCE)
    parameter = load_parameters(path).get("x")
    assert parameter.internal == pytest.approx(1.0 / 60.0, rel=1e-15)
    assert parameter.internal_unit == "1/s"


def test_every_shipped_parameter_has_its_papers() -> None:
    for path in sorted((models_dir() / "parameters").glob("*.toml")):
        for parameter in load_parameters(path).parameters.values():
            assert parameter.source.strip()
            assert parameter.low <= parameter.value <= parameter.high
            assert parameter.internal_unit
