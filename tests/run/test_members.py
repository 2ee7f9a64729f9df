"""The members of a run: configs, sweeps against single runs, metrics side by side."""

from dataclasses import replace
from pathlib import Path

import jax
import numpy as np
import pytest

from jaxgan.algorithms import GAN, WGAN, Adam, Penalties, Targets
from jaxgan.errors import InputError
from jaxgan.nets import MLPDiscriminator, MLPGenerator
from jaxgan.run import config
from jaxgan.run.config import Averages, Evaluate
from jaxgan.run.members import (
    by_member,
    first_rows,
    grouped,
    joined,
    line,
    members_of,
    own,
    size_of,
)
from jaxgan.run.session import open_stages, placed
from jaxgan.system.devices import Devices, Parallel
from tests.run.methods import growing
from tests.small import small_run
from tests.test_populations import assert_same_states, state_of
from tests.test_train import train

LINE = "linear"
NETS = {"generator": MLPGenerator(hidden=8), "discriminator": MLPDiscriminator(hidden=8)}
DENSE = GAN(
    **NETS,
    generator_optimizer=Adam(schedule=LINE),
    penalties=Penalties(r1=1.0, every=2),
    targets=Targets(real_label=0.9, flip=0.1),
)
CRITIC = WGAN(generator=NETS["generator"], critic=NETS["discriminator"], n_critic=2)


def sweep(algorithm, text, out="unused", **fields):
    return small_run(algorithm, out, sweep=text, **fields)


def with_lr(lr):
    return GAN(**NETS, generator_optimizer=Adam(lr=lr, schedule=LINE))


SWEEPS = {
    "algorithm.generator_optimizer.lr=1e-3,1e-2": [with_lr(lr) for lr in (1e-3, 1e-2)],
    "algorithm.penalties.gradient_penalty=1,100": [
        replace(CRITIC, penalties=Penalties(gradient_penalty=weight)) for weight in (1.0, 100.0)
    ],
    "algorithm.discriminator_optimizer.b1=0,0.9": [
        replace(DENSE, discriminator_optimizer=Adam(b1=b1)) for b1 in (0.0, 0.9)
    ],
    "algorithm.targets.real_label=0.7,0.9": [
        replace(DENSE, targets=Targets(real_label=label, flip=0.1)) for label in (0.7, 0.9)
    ],
    "algorithm.penalties.r1=0.1,10": [
        replace(DENSE, penalties=Penalties(r1=r1, every=2)) for r1 in (0.1, 10.0)
    ],
    "algorithm.targets.flip=0.1,0.4": [
        replace(DENSE, targets=Targets(real_label=0.9, flip=flip)) for flip in (0.1, 0.4)
    ],
}
FIRST, *OTHERS = SWEEPS


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(FIRST, marks=pytest.mark.peers),
        *(pytest.param(text, marks=pytest.mark.slow) for text in OTHERS),
    ],
)
def test_each_member_is_the_single_run_with_its_value(text, tmp_path):
    run = sweep(SWEEPS[text][0], text, tmp_path / "all", steps=6)
    assert [member.algorithm for member in members_of(run)] == SWEEPS[text]
    train(run)
    single = small_run(SWEEPS[text][1], tmp_path / "single", steps=6)
    train(single)
    first, second = (state_of(run.out, i) for i in range(2))
    assert_same_states(second, state_of(single.out))
    leaves = zip(*map(jax.tree.leaves, (first.players, second.players)), strict=True)
    assert max(np.abs(a - b).max() for a, b in leaves) > 1e-4  # the value matters


def test_several_fields_have_one_value_and_nets_are_swept_too():
    lrs = "algorithm.generator_optimizer.lr,algorithm.discriminator_optimizer.lr=1e-3,2e-3,3e-3"
    members = [member.algorithm for member in members_of(sweep(DENSE, lrs))]
    assert [(m.generator_optimizer.lr, m.discriminator_optimizer.lr) for m in members] == [
        (1e-3, 1e-3), (2e-3, 2e-3), (3e-3, 3e-3),
    ]  # fmt: skip
    wide = members_of(sweep(DENSE, "algorithm.generator.hidden=8,16"))
    assert [member.algorithm.generator.hidden for member in wide] == [8, 16]


def test_members_are_single_runs_of_their_seeds():
    run = small_run(DENSE, "unused", seed=5, population=3)
    assert [(m.seed, m.population, m.sweep) for m in members_of(run)] == [
        (5, 1, None), (6, 1, None), (7, 1, None),
    ]  # fmt: skip
    assert members_of(replace(run, population=1)) == [replace(run, population=1)]
    assert size_of(sweep(DENSE, "algorithm.ema_decay=0.9,0.99,0.5")) == 3


SPLIT = Parallel(state="sharded")


@pytest.mark.parametrize(
    "fields,match",
    [
        ({"sweep": "algorithm.lr"}, r"sweep: algorithm\.lr is not FIELD=VALUE,VALUE"),
        ({"sweep": "algorithm.ema_decay=0.9"}, r"two values or more"),
        ({"sweep": "algorithm.optimizer.lr=1,2"}, r"no algorithm\.optimizer\.lr .*did you mean"),
        ({"sweep": "data.jitter=0.1,0.2"}, r"sweep: there is no data\.jitter in the method"),
        ({"sweep": "algorithm.ema_decay=0.9,high"}, r"high is not a number that algorithm\.ema"),
        ({"sweep": "algorithm.n_critic=1,2.5"}, r"2\.5 is not a number that algorithm\.n_critic"),
        ({"sweep": "algorithm.conditional=0,1"}, r"0 is not a number that algorithm\.conditional"),
        ({"sweep": "algorithm.ema_decay=0.9,nan"}, r"nan is not a number"),
        ({"sweep": "algorithm.ema_decay.x=1,2"}, r"no algorithm\.ema_decay\.x"),
        ({"sweep": "algorithm.ema_decay=0.9,0.8", "population": 2}, r"population: 2 seeds and"),
        ({"population": 2, "parallel": SPLIT}, r"population: the members are split over the dev"),
        ({"population": 2, "averages": Averages(every=1)}, r"population: averages of any width"),
        (
            {"sweep": "algorithm.ema_decay=0.9,0.8", "evaluate": Evaluate(every=1)},
            r"sweep: its members are evaluated after training",
        ),
    ],
)  # fmt: skip
def test_what_is_not_offered_is_one_line(fields, match):
    with pytest.raises(InputError, match=match) as error:
        members_of(replace(small_run(DENSE, "unused"), **fields))
    assert "\n" not in str(error.value)


def test_a_population_below_1_is_refused():
    with pytest.raises(InputError, match=r"population: 0 is below 1"):
        config.check(small_run(DENSE, "unused", population=0))


@pytest.mark.parametrize(
    "field,values,what",
    [
        ("latent_dim", "4,8", "the shape of the state"),
        ("n_critic", "1,2", "the batches of a step"),
        ("orthogonal", "0,0.1", "the operations of a step"),
        ("ema_decay", "0,0.9", "the shape of the state"),
    ],
)
def test_what_changes_shapes_or_the_program_is_no_sweep(field, values, what):
    run = sweep(DENSE, f"algorithm.{field}={values}")
    with pytest.raises(InputError, match=rf"sweep: algorithm\.{field} changes {what}.*one config"):
        open_stages(run, placed(run, Devices(1)))
    assert not Path("unused").exists()


def test_a_value_out_of_range_is_the_methods_own_line():
    run = sweep(DENSE, "algorithm.generator_optimizer.lr=1e-3,-1")
    with pytest.raises(
        InputError, match=r"algorithm\.generator_optimizer\.lr: -1\.0 is not above 0"
    ):
        open_stages(run, placed(run, Devices(1)))


def test_methods_with_legs_have_no_members(tmp_path):
    run = growing(tmp_path, population=2)
    with pytest.raises(InputError, match=r"population: this method is trained in legs"):
        open_stages(run, placed(run, Devices(1)))


def test_metrics_of_members_and_back():
    values = by_member({"loss": np.array([1.0, 3.0]), "rate": np.array([0.5, np.nan])})
    assert own(values, 0) == {"loss": 1.0, "rate": 0.5}
    assert own({**values, "loss/10": 7.0}, 0) == {"loss": 1.0, "rate": 0.5}
    found = joined([{"loss": 1.0, "rate": 0.5}, {"loss": 3.0}, {"loss": 5.0}])
    assert found == {
        "loss": 3.0, "loss_std": np.std([1, 3, 5], ddof=1), "loss/0": 1.0, "loss/1": 3.0,
        "loss/2": 5.0, "rate": 0.5, "rate_std": 0.0, "rate/0": 0.5,
    }  # fmt: skip
    text = line(7, {"d_loss": 2.0, "d_loss_std": 0.5, "diversity": 1.0, "diversity_std": 0.1}, 3)
    assert text == "step 7: 3 members: d_loss 2 ± 0.5, diversity 1 ± 0.1"


def test_a_warning_is_said_once_with_the_members_that_have_it():
    assert grouped([["a"], ["b", "a"], []]) == ["members 0, 1: a", "member 1: b"]
    assert grouped([["a", "b"]]) == ["a", "b"]


def test_a_sheet_of_members_has_the_first_rows_of_each():
    sheets = [
        {"": np.full((6, 2, 4, 4, 1), i, np.uint8), "image": np.full((6, 4, 4, 1), 9 - i, np.uint8)}
        for i in range(3)
    ]
    columns, names = first_rows(sheets)
    assert names == ("member 0", "", "", "member 1", "", "", "member 2", "", "")
    np.testing.assert_array_equal(columns[""][:, 0, 0, 0, 0], [0, 0, 0, 1, 1, 1, 2, 2, 2])
    np.testing.assert_array_equal(columns["image"][:, 0, 0, 0], [9, 9, 9, 8, 8, 8, 7, 7, 7])
    assert len(first_rows(sheets * 5)[1]) == 15  # one row of each at the least
    assert first_rows([{}, {}])[0] == {}
