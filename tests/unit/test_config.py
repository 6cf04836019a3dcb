from __future__ import annotations

import functools
import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from envkit import catalog, config
from envkit.config import Config, load, words, yaml_tree
from envkit.errors import ConfigError, Problem
from tests.unit.hostile import HOSTILE
from tests.unit.test_yaml_limits import bomb
from tests.unit.test_yaml_tree import QuotingDumper

ROOT = Path(__file__).parents[2]

DESIGN = """\
# yaml-language-server: $schema=envkit.schema.json
name: vision
tensorflow: "2.9.0"
base: official
gpu: auto
apt: [graphviz]
python: ["pandas==1.4.*"]
workspace: .
mounts: [{source: /data, target: /data, read_only: true}]
volumes: {cache: /home/dev/.cache}
env: {TF_DETERMINISTIC_OPS: "1"}
secrets: {WANDB_API_KEY: {file: ~/.wandb}}
jupyter: {port: 8888}
ssh: {publish: false, port: 2222, keys: ["~/.ssh/id_ed25519.pub"]}
tensorboard: {logdir: logs}
limits: {cpus: 4, memory: 16g, shm: 1g, pids: 1024}
build: {proxy: auto, ca: auto, index: null, mirror: null}
network: {pool: 10.183.0.0/16}
"""


def problems(text: str) -> list[str]:
    with pytest.raises(ConfigError) as error:
        load(text)
    return [str(problem) for problem in error.value.problems]


def problem(text: str) -> str:
    found = problems(text)
    assert len(found) == 1, found
    return found[0]


def flow(written: Any) -> str:
    return yaml.dump(written, Dumper=QuotingDumper, allow_unicode=True)


# Good cases


@pytest.mark.proves("no file is a config of defaults", "real")
@pytest.mark.parametrize("text", [None, "", "\n", "# only words\n", "---\n", "{}", "null"])
def test_nothing_is_a_config_of_defaults(text: str | None) -> None:
    found = load(text)
    assert found == Config()
    assert found.tensorflow == catalog.DEFAULT_RELEASE
    assert (found.name, found.base, found.gpu, found.workspace) == (None, "debian", "auto", ".")
    assert (found.jupyter.port, found.ssh.publish, found.ssh.port, found.ssh.keys) == (None, False, None, None)
    assert (found.ssh.agent, found.ssh.kex) == (False, "default")
    limits = found.limits
    assert (limits.cpus, limits.memory_mib, limits.shm_mib, limits.pids) == (None, None, 1024, 4096)
    assert (found.build.proxy, found.build.ca, found.build.index, found.build.mirror) == ("auto", "auto", None, None)
    assert (found.tensorboard.logdir, found.network.pool) == ("logs", "10.183.0.0/16")
    assert (found.python, found.apt, found.mounts) == ((), (), ())


def test_every_key_of_the_design_is_read() -> None:
    found = load(DESIGN)
    assert (found.name, found.base, found.apt) == ("vision", "official", ("graphviz",))
    assert found.python == ("pandas==1.4.*",)
    assert found.mounts[0].model_dump() == {"source": "/data", "target": "/data", "read_only": True}
    assert found.volumes == {"cache": "/home/dev/.cache"}
    assert found.env == {"TF_DETERMINISTIC_OPS": "1"}
    assert found.secrets["WANDB_API_KEY"].file == "~/.wandb"
    assert (found.jupyter.port, found.ssh.keys) == (8888, ("~/.ssh/id_ed25519.pub",))
    limits = found.limits
    assert (limits.cpus, limits.memory_mib, limits.shm_mib, limits.pids) == (4, 16384, 1024, 1024)


def test_the_quickstart_is_read() -> None:
    assert load((ROOT / "examples/quickstart/envkit.yaml").read_text()).base == "auto"


@pytest.mark.parametrize(("text", "key", "value"), [
    ("name: a-b", "name", "a-b"),
    ("tensorflow: 2.9.1", "tensorflow", "2.9.1"),
    ("base: registry.example.com/x:y", "base", "registry.example.com/x:y"),
    ("gpu: on", "gpu", "on"),
    ("gpu: true", "gpu", "on"),
    ("gpu: false", "gpu", "off"),
    ("gpu: 2", "gpu", 2),
    ("gpu: [0, 1]", "gpu", (0, 1)),
    ("apt: [g++, graphviz=2.42.2-7]", "apt", ("g++", "graphviz=2.42.2-7")),
    ("workspace: ../other", "workspace", "../other"),
    ("env: {A: 'true', B: ''}", "env", {"A": "true", "B": ""}),
    ("volumes: {d: /data}", "volumes", {"d": "/data"}),
])
def test_a_key_is_read_as_written(text: str, key: str, value: object) -> None:
    assert getattr(load(text), key) == value


def test_a_requirements_file_is_named_instead_of_a_list() -> None:
    found = load("python: {requirements: requirements.txt}")
    assert found.python == config.Requirements(requirements="requirements.txt")


def test_a_key_without_a_value_is_its_default() -> None:
    text = "".join(f"{key}:\n" for key in Config.model_fields)
    assert load(text) == load("ssh: {port: null, keys: ~}\nlimits: {shm: }") == Config()


def test_a_whole_number_of_processors_or_a_part_of_one() -> None:
    assert load("limits: {cpus: 0.5}").limits.cpus == 0.5


def test_a_config_cannot_be_changed() -> None:
    found = load(DESIGN)
    with pytest.raises(ValidationError):
        found.name = "other"  # type: ignore[misc]  # what this test is about
    with pytest.raises(ValidationError):
        found.ssh.port = 1  # type: ignore[misc]


# Bad cases


@pytest.mark.proves("a mistake in the config is told with line, key and mend", "real")
@pytest.mark.parametrize(("text", "expected"), [
    ("jupiter: {}", "envkit.yaml:1 jupiter: unknown key 'jupiter'; did you mean 'jupyter'?"),
    ("ssh: {prot: 1}", "envkit.yaml:1 ssh.prot: unknown key 'prot'; did you mean 'port'?"),
    ("mounts:\n- {source: a, target: /b,\n   readonly: true}",
     "envkit.yaml:3 mounts[0].readonly: unknown key 'readonly'; did you mean 'read_only'?"),
    ("secrets: {A: {file: a, flie: b}}", "secrets.A.flie: unknown key 'flie'; did you mean 'file'?"),
    ("logdir: x", "unknown key 'logdir' here; it belongs under tensorboard"),
    ("port: 1", "unknown key 'port' here; it belongs under jupyter or ssh"),
    ("jupyter: {gpu: on}", "unknown key 'gpu' here; it belongs at the top level"),
    ("limits: {xyzzy: 1}", "unknown key 'xyzzy'; known here: cpus, memory, shm, pids"),
    ("limits: {xyzzy: }", "unknown key 'xyzzy'"),
    ("<<: {}", "unknown key '<<'"),
    ("name: Vision", 'envkit.yaml:1 name: "Vision" is no environment name'),
    ("tensorflow: 2.10",
     'got the number 2.1, for that is how YAML reads a bare 2.10; put it in quotes: tensorflow: "2.10"'),
    ("tensorflow: 2.9", 'expected a text, got the number 2.9; put it in quotes: tensorflow: "2.9"'),
    ("name: 0x10", 'got the number 16, for that is how YAML reads a bare 0x10; put it in quotes: name: "0x10"'),
    ("name: true", 'expected a text, got the YAML word true; put it in quotes: name: "true"'),
    ("apt:\n- graphviz\n- 7", 'envkit.yaml:3 apt[1]: expected a text, got the number 7; put it in quotes: "7"'),
    ("python: [1.10]", 'envkit.yaml:1 python[0]: expected a text, got the number 1.1, for that is how YAML reads'),
    ("env: {A: 1}", 'env.A: expected a text, got the number 1; put it in quotes: A: "1"'),
    ("env: {A: true}", 'got the YAML word true; put it in quotes: A: "true"'),
    ("env: {A: }", 'env.A: expected a text, got nothing; write "" for an empty text, or take it out'),
    ("env: {A: [1]}", "env.A: expected a text, got a list; write it like this: env: {TF_DETERMINISTIC_OPS: '1'}"),
    ('env: {A: "x\\ny"}', "env.A: holds the unseen character U+000A"),
    ('env: {"A B": x}', 'env.A B: "A B" is no variable name'),
    ('env: {PATH: x}', "env.PATH: PATH is set by envkit"),
    ("env: {PIP_INDEX_URL: x}", "env.PIP_INDEX_URL: PIP_INDEX_URL can say where packages come from; write build.index"),
    ("env: {PIP_CONFIG_FILE: x}", "write build.index, which asks first"),
    ("env: {UV_DEFAULT_INDEX: x}", "write build.index, which asks first"),
    ("env: {https_proxy: x}", "env.https_proxy: https_proxy says which proxy is used; write build.proxy, which asks"),
    ("env: {SSL_CERT_FILE: x}", "env.SSL_CERT_FILE: SSL_CERT_FILE says which certificates are trusted; write build.ca"),
    ("secrets: {SSL_CERT: {file: a}}", "secrets.SSL_CERT: SSL_CERT_FILE says which certificates are trusted"),
    ("env: {curl_ca_bundle: x}", "write build.ca, which asks first"),
    ("env: {MY_TOKEN: x}", "write secrets: {MY_TOKEN: {file: ~/.my_token}} and read the file that MY_TOKEN_FILE names"),
    ("secrets: {A: {}}", "secrets.A.file: is missing; write it like this: secrets: {WANDB_API_KEY: {file: ~/.wandb}}"),
    ("secrets: {PATH: {file: a}}", "secrets.PATH: PATH is set by envkit"),
    ("base: Debian", '"Debian" is no base; write official, debian, auto'),
    ("gpu: 0", "gpu: 0 is no count of GPUs; write 1 or more, or off for none"),
    ("gpu: yes", 'expected which GPUs to use, got the text "yes"; write auto, on, off'),
    ("gpu: [0, 0]", "names a GPU twice"),
    ("apt: graphviz", 'apt: expected a list, got the text "graphviz"; write it like this: apt: [graphviz]'),
    ("apt: {a: b}", "apt: expected a list, got a mapping"),
    ("apt: ['-o']", 'apt[0]: "-o" is no Debian package'),
    ("python: pandas", "python: expected a list"),
    ("python: {file: x, requirements: y}", "python.file: unknown key 'file'"),
    ("python: ['x @ https://user:hunter2@example.com/x.tgz']", 'python[0]: "x" is to come from an address'),
    ("workspace: ''", "workspace: is empty; write a value, or take the key out"),
    ("mounts: [/data:/data]",
     'got the text "/data:/data"; write it like this: mounts: [{source: /data, target: /data, read_only: true}]'),
    ("mounts: [{source: /data}]", "mounts[0].target: is missing"),
    ("mounts: [{source: /data, target: /etc/x}]", 'mounts[0].target: "/etc/x" would hide /etc'),
    ("mounts: [{source: a, target: /a, read_only: yes}]",
     'mounts[0].read_only: expected true or false, got the text "yes"'),
    ("mounts: [{source: a, target: /a}, {source: b, target: /a}]", "mounts[1].target: something else is mounted there"),
    ("mounts: [{source: a, target: /a}]\nvolumes: {v: /a}", "envkit.yaml:2 volumes.v: something else is mounted there"),
    ("volumes: {home: /data}", "volumes.home: envkit keeps the home folder in a volume of that name"),
    ("volumes: {a: data}", 'volumes.a: "data" is no place to mount at'),
    ("jupyter: {port: 80}", "jupyter.port: 80 is no port for this; use a number from 1024 to 65535"),
    ("jupyter: {port: '8888'}",
     'expected a whole number, got the text "8888"; write it like this: jupyter: {port: 8888}'),
    ("jupyter: {port: 8888.0}", "jupyter.port: expected a whole number, got the number 8888.0"),
    ("jupyter: {port: true}", "jupyter.port: expected a whole number, got the YAML word true"),
    ("jupyter: []", "jupyter: expected a mapping, got a list; write it like this: jupyter: {port: 8888}"),
    ("ssh: true", "ssh: expected a mapping, got the YAML word true"),
    ("ssh: {keys: []}", "ssh.keys: is empty"),
    ("ssh: {keys: ['~/.ssh/id_rsa']}", 'ssh.keys[0]: "~/.ssh/id_rsa" looks like a private key'),
    ("ssh: {publish: true, port: 9000}\njupyter: {port: 9000}", "envkit.yaml:1 ssh.port: jupyter.port is 9000 too"),
    ("tensorboard: {logdir: /logs}", 'tensorboard.logdir: "/logs" is not below the workspace'),
    ("limits: {cpus: 0}", "limits.cpus: 0.0 is no number of processors; write 0.01 or more, such as 4 or 0.5"),
    ("limits: {cpus: 1.0e-10}", "limits.cpus: 1e-10 is no number of processors"),  # the engine would round it to none
    ("limits: {memory: 511m}", "limits.memory: 511m is less than the workspace starts with; write 512m or more"),
    ("limits: {shm: 63m}", "limits.shm: 63m is less than the workspace starts with; write 64m or more"),
    ("limits: {cpus: .nan}", "limits.cpus: nan is no number of processors"),
    ("limits: {cpus: '4'}", 'limits.cpus: expected a number, got the text "4"'),
    ("limits: {memory: 16}", "limits.memory: expected a size such as 512m or 16g, got the number 16"),
    ("limits: {pids: 63}", "limits.pids: 63 is no limit of processes here; write 64 to 4194304"),
    ("limits: {pids: 99999999999}", "limits.pids: 99999999999 is no limit"),
    ("build: {proxy: 'http://u:hunter2@p:1'}", "write auto, and set HTTPS_PROXY in your own environment"),
    ('build: {ca: "no\\n"}', "build.ca: holds the unseen character U+000A"),
    ("build: {index: packages.example.com}", "build.index: \"packages.example.com\" is no address"),
    ("build: {mirror: 'https://u:hunter2@m/'}", "build.mirror: \"https://…@m/\" carries credentials"),
    ("network: {pool: 8.8.0.0/16}", "network.pool: 8.8.0.0/16 is not private"),
    ("env: {A_FILE: x}\nsecrets: {A: {file: y}}", "envkit.yaml:1 env.A_FILE: the secret A sets this variable"),
    ("name: a\nname: b", "envkit.yaml:2 name: written twice, in line 1 and in line 2; keep one"),
    ("- a", 'envkit.yaml:1: expected keys such as tensorflow: "2.9.0", got a list'),
    ("just words", 'got the text "just words"'),
    ("7", "got the number 7"),
    ("name: !x a", "the tag !x is not read here"),
    ("a: 1\n---\nb: 1", "envkit.yaml:2: a second document starts here"),
    ("name: [", "not valid YAML"),
    ("name: a\0", "holds the unseen character U+0000"),
])
def test_a_bad_value_is_one_problem_with_line_key_and_mend(text: str, expected: str) -> None:
    found = problem(text)
    assert expected in found
    assert found.startswith("envkit.yaml:")
    assert "hunter2" not in found
    assert "pydantic" not in found


@pytest.mark.proves("all mistakes in the config are told at once", "real")
def test_all_problems_come_at_once_in_the_order_of_the_file() -> None:
    text = (
        "name: A\nname: b\ntensorflow: 2.10\nssh:\n  port: 80\n  keys: id_rsa\n\njupiter: {}\n"
        "mounts:\n- {source: a, target: /x}\n- {source: b, target: /x}\n- {}\nlimits: {cpus: -1}\n"
    )
    found = problems(text)
    assert [line.split(": ")[0] for line in found] == [
        "envkit.yaml:1 name", "envkit.yaml:2 name", "envkit.yaml:3 tensorflow", "envkit.yaml:5 ssh.port",
        "envkit.yaml:6 ssh.keys", "envkit.yaml:8 jupiter", "envkit.yaml:11 mounts[1].target",
        "envkit.yaml:12 mounts[2].source", "envkit.yaml:12 mounts[2].target", "envkit.yaml:13 limits.cpus",
    ]


def test_a_release_that_nobody_knows_is_told_with_mistakes_of_form() -> None:
    assert problems('tensorflow: "2.99"\ngpu: maybe\n')[0].startswith(
        "envkit.yaml:1 tensorflow: TensorFlow '2.99' is not in the catalogue; the nearest is "
    )
    assert len(problems('tensorflow: "2.99"\ngpu: maybe\n')) == 2


def test_problems_name_the_file_as_it_was_given() -> None:
    with pytest.raises(ConfigError) as error:
        load("x: 1", "sub/envkit.yaml")
    assert error.value.problems[0].file == "sub/envkit.yaml"


def test_a_flood_of_problems_is_cut_and_counted() -> None:
    found = problems("\n".join(f"key{number}: 1" for number in range(3000)))
    assert len(found) == 51
    assert sum("2950 more problems" in line for line in found) == 1


@pytest.mark.parametrize("text", [
    "secrets: {WANDB_API_KEY: hunter2}",
    "secrets: {WANDB_API_KEY: 271828}",
    "secrets: {WANDB_API_KEY: {file: 271828}}",
    "secrets: hunter2",
    "env: MY_TOKEN=hunter2",
    "env: {MY_TOKEN: hunter2}",
    "env: {MY_TOKEN: 271828}",
    'env: {A: "hunter2\\n"}',
    "build: {index: 'https://hunter2@example.com/simple'}",
    "base: https://u:hunter2@example.com/x",
    "apt: ['https://u:hunter2@example.com/x.deb']",
])
def test_what_may_be_a_secret_is_never_shown(text: str) -> None:
    shown = "\n".join(problems(text))
    assert "hunter2" not in shown
    assert "271828" not in shown


def test_messages_are_short_and_printable() -> None:
    for line in problems(f'base: "\\e[2J{"x" * 5000}"\n"\\e]0;x\\a": 1\nname: "a\\u202eb"\n'):
        assert not words.UNPRINTABLE.search(line)
        assert len(line) < 400


def test_a_bomb_of_aliases_is_one_clear_message() -> None:
    assert "stands for more than 10000 values" in problem(bomb(30))


# Where a value was written


def test_a_problem_found_later_names_the_line_of_its_key() -> None:
    found = load("apt:\n  - graphviz\n  - curl\nssh:\n  port: 2222\n", "x.yaml")
    keys = ("apt", "apt[1]", "ssh.port", "ssh.keys[0]", "name")
    assert [found.problem(key, "").line for key in keys] == [1, 3, 5, 4, 0]
    assert found.problem("apt[1]", "no") == Problem("x.yaml", 3, "apt[1]", "no")
    assert str(found.problem("name", "no")) == "x.yaml name: no"


def test_what_a_config_says_does_not_depend_on_where_it_says_it() -> None:
    assert load("\n\nname: a", "x.yaml") == load("name: a", "y.yaml") != load("name: b", "y.yaml")


# Flags


def test_flags_override_keys_of_the_same_name() -> None:
    found = load("gpu: off\nname: a\napt: [curl]\n").with_(gpu="on", name=None, base="auto", python=["pandas"])
    assert (found.gpu, found.name, found.base, found.apt, found.python) == ("on", "a", "auto", ("curl",), ("pandas",))


def test_a_config_without_flags_is_the_same_config() -> None:
    found = load(DESIGN)
    assert found.with_(gpu=None) is found


@pytest.mark.parametrize(("changes", "expected"), [
    ({"tensorflow": "latest"}, 'command line --tensorflow: "latest" is no TensorFlow version'),
    ({"name": "A"}, 'command line --name: "A" is no environment name'),
    ({"gpu": 0}, "command line --gpu: 0 is no count of GPUs"),
    ({"gpu": [1, 1]}, "command line --gpu: names a GPU twice"),
    ({"apt": ["-o"]}, 'command line --apt[0]: "-o" is no Debian package'),
    ({"nmae": "a"}, "command line --nmae: unknown key 'nmae'; did you mean 'name'?"),
    ({"base": "a\udcff"}, 'command line --base: "a\\udcff" is no base'),
])
def test_a_bad_flag_is_named(changes: dict[str, Any], expected: str) -> None:
    with pytest.raises(ConfigError, match=r"command line --") as error:
        load(DESIGN).with_(**changes)
    assert str(error.value).startswith(expected)


def test_flags_keep_the_lines_of_all_other_keys() -> None:
    found = load("name: a\n\nbase: debian\n").with_(name="b").with_(gpu="on")
    assert str(found.problem("name", "no")) == "command line --name: no"
    assert str(found.problem("gpu", "no")) == "command line --gpu: no"
    assert str(found.problem("base", "no")) == "envkit.yaml:3 base: no"


def test_flags_keep_every_other_value() -> None:
    assert load(DESIGN).with_(name="vision") == load(DESIGN)


@pytest.mark.parametrize(("text", "meant"), [("2", 2), ("0,1", [0, 1]), ("0,", [0]), ("0, 1", [0, 1])])
def test_the_gpus_flag_takes_a_count_or_numbers(text: str, meant: object) -> None:
    assert config.gpus(text) == meant


@pytest.mark.parametrize("text", ["", ",", "all", "-1", "1,,2", "1.5", "٣", "9" * 5000, "0,x", "0 1"])
def test_the_gpus_flag_takes_nothing_else(text: str) -> None:
    with pytest.raises(ConfigError, match="command line --gpus"):
        config.gpus(text)


# The schema and the starter


@functools.cache
def validator() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(config.schema())


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(config.schema())
    assert json.loads(json.dumps(config.schema()))["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.proves("the JSON Schema accepts what envkit accepts", "real")
@pytest.mark.parametrize("text", [
    DESIGN,
    (ROOT / "examples/quickstart/envkit.yaml").read_text(),
    config.starter("vision"),
    "python: {requirements: x.txt}\ngpu: [0, 1]\nlimits: {shm: }\n",
    "".join(f"{key}:\n" for key in Config.model_fields),
    "gpu: true\nlimits: {cpus: 0.5}\n",
    "limits: {cpus: 0.01, memory: 512m, shm: 64M, pids: 64}\n",
    "limits: {memory: 1g, shm: 100m}\n",
    "{}",
])
def test_schema_and_load_accept_the_same(text: str) -> None:
    load(text)
    validator().validate(yaml_tree.read(text, "f")[0].value)


@pytest.mark.parametrize("text", [
    "x: 1", "ssh: {x: 1}", "mounts: [{source: /a}]", "mounts: [/a:/b]", "name: 1", "name: A", "tensorflow: 2.10",
    "tensorflow: latest", "gpu: yes", "gpu: 0", "gpu: []", "gpu: [0, 0]", "gpu: [-1]", "apt: x", "apt: [1]",
    "apt: ['-o']", "python: x", "python: {}", "python: [1]", "workspace: 1", "env: []", "env: {A: 1}",
    "volumes: {A: /x}", "volumes: {a: x}", "secrets: {A: x}", "secrets: {A: {}}", "jupyter: {port: 80}",
    "jupyter: {port: '1'}", "ssh: {publish: yes}", "ssh: {keys: []}", "ssh: []", "limits: {cpus: 0}",
    "limits: {memory: 16}", "limits: {memory: 1t}", "limits: {pids: 1}", "limits: {cpus: 0.009}",
    "limits: {memory: 511m}", "limits: {memory: 9M}", "limits: {shm: 63m}", "build: {index: x}", "- a",
])
def test_schema_and_load_refuse_the_same(text: str) -> None:
    problems(text)
    assert not validator().is_valid(yaml_tree.read(text, "f")[0].value)


def test_every_key_is_described_for_editors() -> None:
    found = config.schema()
    sections = {"": found, **found["$defs"]}
    bare = [
        f"{name}.{key}"
        for name, section in sections.items()
        for key, shape in section["properties"].items()
        if "description" not in shape and not any("$ref" in choice for choice in shape.get("anyOf", ()))
    ]
    assert bare == []
    assert all("description" in section for section in sections.values())


def test_every_example_of_the_schema_is_accepted() -> None:
    examples = [(key, example) for key, info in Config.model_fields.items() for example in info.examples or ()]
    assert len(examples) >= len(Config.model_fields)
    for key, example in examples:
        assert key in load(json.dumps({key: example})).model_fields_set


def test_the_starter_is_a_config_that_leaves_the_name_to_the_folder_and_names_the_schema_in_its_first_line() -> None:
    text = config.starter("vision")
    assert load(text) == load('base: debian\ngpu: auto\ntensorflow: "2.9.0"\n')
    assert text.splitlines()[0] == f"# yaml-language-server: $schema={config.SCHEMA_FILE}"


def test_the_starter_is_still_a_config_when_its_comments_are_taken_away() -> None:
    lines = config.starter("vision").splitlines()[4:]
    found = load("\n".join(line.removeprefix("# ") for line in lines))
    assert found.model_fields_set == set(Config.model_fields)


@pytest.mark.parametrize("name", ["vision", "yes", "null", "bash-", "true", "123", "1e3", "0x1f", "off"])
def test_the_starter_keeps_a_name(name: str) -> None:
    assert load(config.starter(name).replace("# name:", "name:")).name == name


def test_the_starter_refuses_what_is_no_name() -> None:
    for name in HOSTILE:
        if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,40}", name):
            with pytest.raises(ValueError, match="is no environment name"):
                config.starter(name)


# Whatever comes


def read_or_refused(text: str) -> Config | tuple[Problem, ...]:
    """Return what `load` makes of a text. Any other error than a config's fails the test that calls this."""
    try:
        return load(text)
    except ConfigError as error:
        return error.problems


def placed(value: str) -> list[dict[str, Any]]:
    """Return configs with a text at each place that takes one."""
    return [
        {"name": value}, {"tensorflow": value}, {"base": value}, {"apt": [value]}, {"python": [value]},
        {"python": {"requirements": value}}, {"workspace": value}, {"env": {"A": value}}, {"env": {value: "x"}},
        {"volumes": {"v": value}}, {"volumes": {value: "/v"}}, {"mounts": [{"source": value, "target": "/x"}]},
        {"mounts": [{"source": "/x", "target": value}]}, {"secrets": {"A": {"file": value}}},
        {"secrets": {value: {"file": "x"}}}, {"ssh": {"keys": [value]}}, {"build": {"index": value}},
        {"build": {"mirror": value}}, {"build": {"ca": value}}, {"build": {"proxy": value}},
        {"network": {"pool": value}}, {"limits": {"memory": value}},
    ]


@pytest.mark.proves("a value of the config is refused or kept as it was written", "real")
@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_value_is_refused_or_kept_whole(value: str) -> None:
    for written in placed(value):
        found = read_or_refused(flow(written))
        if isinstance(found, Config):
            assert found.model_dump(mode="json", exclude_unset=True) == written


@given(st.text() | st.text("abgpu:-[]{}&*!|>'\"%@#,? \n\t0123.=<~"))
def test_any_text_is_a_config_or_a_config_error(text: str) -> None:
    assert read_or_refused(text)


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(HOSTILE)
words_below = st.sampled_from(["source", "target", "port", "keys", "file", "requirements", "cpus", "A"])
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words_below | st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(sorted(Config.model_fields)), anything, max_size=6))
def test_any_value_under_a_known_key_is_read_or_refused_in_printable_words(written: dict[str, Any]) -> None:
    found = read_or_refused(flow(written))
    if not isinstance(found, Config):
        assert not any(words.UNPRINTABLE.search(str(problem)) for problem in found)


name = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,20}", fullmatch=True, alphabet=st.characters(codec="ascii"))
line = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), min_size=1, max_size=12)
url = st.sampled_from(["https://packages.example.com/simple", "http://10.0.0.1:3128"])
size = st.builds("{}{}".format, st.integers(512, 9999), st.sampled_from("mgMG"))
mount: st.SearchStrategy[dict[str, Any]] = st.builds(
    dict, source=line, target=name.map("/data/{}".format), read_only=st.booleans()
)
limits: dict[str, st.SearchStrategy[Any]] = {
    "cpus": st.integers(1, 64) | st.sampled_from([0.5, 1.25]),
    "memory": size,
    "shm": size,
    "pids": st.integers(64, 9999),
}
build: dict[str, st.SearchStrategy[Any]] = {
    "proxy": url, "ca": line, "index": url, "mirror": url.map("{}/debian".format),
}
keys: dict[str, st.SearchStrategy[Any]] = {
    "name": name,
    "tensorflow": st.sampled_from([one.version for one in catalog.releases()]),
    "base": st.sampled_from(["official", "auto", "x/y:z"]),
    "gpu": st.sampled_from(["auto", "on", "off", [0, 3]]) | st.integers(1, 8),
    "apt": st.lists(st.sampled_from(["graphviz", "g++", "curl=1:2-3"])),
    "python": st.lists(st.sampled_from(["pandas", "a[b]>=1; python_version < '3.10'"]))
    | st.builds(dict, requirements=line),
    "workspace": line,
    "mounts": st.lists(mount, unique_by=lambda mount: mount["target"], max_size=3),
    "volumes": st.dictionaries(name.map("v{}".format), name.map("/vol/{}".format), max_size=1),
    "env": st.dictionaries(st.sampled_from(["A", "b", "TF_X"]), line | st.sampled_from(["", "1e3", "0o17", "on", "~"])),
    "secrets": st.dictionaries(st.sampled_from(["API_KEY", "C"]), st.builds(dict, file=line)),
    "jupyter": st.builds(dict, port=st.integers(1024, 65535) | st.none()),
    "ssh": st.builds(dict, keys=st.lists(line.map("{}.pub".format), min_size=1, max_size=2)),
    "tensorboard": st.builds(dict, logdir=name),
    "limits": st.fixed_dictionaries({}, optional=limits),
    "build": st.fixed_dictionaries({}, optional=build),
    "network": st.builds(dict, pool=st.sampled_from(["10.0.0.0/8", "192.168.7.0/24"])),
}


def test_the_accepted_configs_below_use_every_key() -> None:
    assert keys.keys() == Config.model_fields.keys()


@given(st.fixed_dictionaries({}, optional=keys))
def test_an_accepted_config_comes_back_the_same(written: dict[str, Any]) -> None:
    found = load(flow(written))
    assert load(flow(found.model_dump(mode="json"))) == found
    assert load(json.dumps(found.model_dump(mode="json", exclude_unset=True), ensure_ascii=False)) == found
    assert found.with_(gpu=found.gpu) == found
    validator().validate(written)
