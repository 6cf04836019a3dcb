"""What is wrong with a config is told at once, with line, key and hint."""

from __future__ import annotations

import pytest

from envkit.config import display, load
from envkit.errors import ConfigError
from tests.unit.configs import problem, problems
from tests.unit.test_yaml_limits import bomb


@pytest.mark.proves("a mistake in the config is told with line, key and hint", "real")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("jupiter: {}", "envkit.yaml:1 jupiter: unknown key 'jupiter'; did you mean 'jupyter'?"),
        ("ssh: {prot: 1}", "envkit.yaml:1 ssh.prot: unknown key 'prot'; did you mean 'port'?"),
        (
            "mounts:\n- {source: a, target: /b,\n   readonly: true}",
            "envkit.yaml:3 mounts[0].readonly: unknown key 'readonly'; did you mean 'read_only'?",
        ),
        ("secrets: {A: {file: a, flie: b}}", "secrets.A.flie: unknown key 'flie'; did you mean 'file'?"),
        ("logdir: x", "unknown key 'logdir' here; it belongs under tensorboard"),
        ("port: 1", "unknown key 'port' here; it belongs under jupyter or ssh"),
        ("jupyter: {gpu: on}", "unknown key 'gpu' here; it belongs at the top level"),
        ("limits: {xyzzy: 1}", "unknown key 'xyzzy'; known here: cpus, memory, shm, pids"),
        ("limits: {xyzzy: }", "unknown key 'xyzzy'"),
        ("<<: {}", "unknown key '<<'"),
        ("name: Vision", 'envkit.yaml:1 name: "Vision" is no environment name'),
        (
            "tensorflow: 2.10",
            'got the number 2.1, for that is how YAML reads a bare 2.10; put it in quotes: tensorflow: "2.10"',
        ),
        ("tensorflow: 2.9", 'expected a text, got the number 2.9; put it in quotes: tensorflow: "2.9"'),
        ("name: 0x10", 'got the number 16, for that is how YAML reads a bare 0x10; put it in quotes: name: "0x10"'),
        ("name: true", 'expected a text, got the YAML word true; put it in quotes: name: "true"'),
        ("apt:\n- graphviz\n- 7", 'envkit.yaml:3 apt[1]: expected a text, got the number 7; put it in quotes: "7"'),
        ("python: [1.10]", "envkit.yaml:1 python[0]: expected a text, got the number 1.1, for that is how YAML reads"),
        ("env: {A: 1}", 'env.A: expected a text, got the number 1; put it in quotes: A: "1"'),
        ("env: {A: true}", 'got the YAML word true; put it in quotes: A: "true"'),
        ("env: {A: }", 'env.A: expected a text, got nothing; write "" for an empty text, or take it out'),
        ("env: {A: [1]}", "env.A: expected a text, got a list; write it like this: env: {TF_CPP_MIN_LOG_LEVEL: '1'}"),
        ('env: {A: "x\\ny"}', "env.A: holds the unseen character U+000A"),
        ('env: {"A B": x}', 'env.A B: "A B" is no variable name'),
        ("env: {PATH: x}", "env.PATH: PATH is set by envkit"),
        (
            "env: {PIP_INDEX_URL: x}",
            "env.PIP_INDEX_URL: PIP_INDEX_URL can say where packages come from; write build.index",
        ),
        ("env: {PIP_CONFIG_FILE: x}", "write build.index, which asks first"),
        ("env: {UV_DEFAULT_INDEX: x}", "write build.index, which asks first"),
        (
            "env: {https_proxy: x}",
            "env.https_proxy: https_proxy says which proxy is used; write build.proxy, which asks",
        ),
        (
            "env: {SSL_CERT_FILE: x}",
            "env.SSL_CERT_FILE: SSL_CERT_FILE says which certificates are trusted; write build.ca",
        ),
        ("secrets: {SSL_CERT: {file: a}}", "secrets.SSL_CERT: SSL_CERT_FILE says which certificates are trusted"),
        ("env: {curl_ca_bundle: x}", "write build.ca, which asks first"),
        (
            "env: {MY_TOKEN: x}",
            "write secrets: {MY_TOKEN: {file: ~/.my_token}} and read the file that MY_TOKEN_FILE names",
        ),
        (
            "secrets: {A: {}}",
            "secrets.A.file: is missing; write it like this: secrets: {WANDB_API_KEY: {file: ~/.wandb}}",
        ),
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
        (
            "mounts: [/data:/data]",
            'got the text "/data:/data"; write it like this: mounts: [{source: /data, target: /data, read_only: true}]',
        ),
        ("mounts: [{source: /data}]", "mounts[0].target: is missing"),
        ("mounts: [{source: /data, target: /etc/x}]", 'mounts[0].target: "/etc/x" would hide /etc'),
        (
            "mounts: [{source: a, target: /a, read_only: yes}]",
            'mounts[0].read_only: expected true or false, got the text "yes"',
        ),
        (
            "mounts: [{source: a, target: /a}, {source: b, target: /a}]",
            "mounts[1].target: something else is mounted there",
        ),
        (
            "mounts: [{source: a, target: /a}]\nvolumes: {v: /a}",
            "envkit.yaml:2 volumes.v: something else is mounted there",
        ),
        ("volumes: {home: /data}", "volumes.home: envkit keeps the home folder in a volume of that name"),
        ("volumes: {a: data}", 'volumes.a: "data" is no place to mount at'),
        ("jupyter: {port: 80}", "jupyter.port: 80 is no port for this; use a number from 1024 to 65535"),
        (
            "jupyter: {port: '8888'}",
            'expected a whole number, got the text "8888"; write it like this: jupyter: {port: 8888}',
        ),
        ("jupyter: {port: 8888.0}", "jupyter.port: expected a whole number, got the number 8888.0"),
        ("jupyter: {port: true}", "jupyter.port: expected a whole number, got the YAML word true"),
        ("jupyter: []", "jupyter: expected a mapping, got a list; write it like this: jupyter: {port: 8888}"),
        ("ssh: true", "ssh: expected a mapping, got the YAML word true"),
        ("ssh: {keys: []}", "ssh.keys: is empty"),
        ("ssh: {keys: ['~/.ssh/id_rsa']}", 'ssh.keys[0]: "~/.ssh/id_rsa" looks like a private key'),
        ("ssh: {publish: true, port: 9000}\njupyter: {port: 9000}", "envkit.yaml:1 ssh.port: jupyter.port is 9000 too"),
        ("tensorboard: {logdir: /logs}", 'tensorboard.logdir: "/logs" is not below the workspace'),
        ("limits: {cpus: 0}", "limits.cpus: 0.0 is no number of processors; write 0.01 or more, such as 4 or 0.5"),
        (
            "limits: {cpus: 1.0e-10}",
            "limits.cpus: 1e-10 is no number of processors",
        ),  # the engine would round it to none
        ("limits: {memory: 511m}", "limits.memory: 511m is less than the workspace starts with; write 512m or more"),
        ("limits: {shm: 63m}", "limits.shm: 63m is less than the workspace starts with; write 64m or more"),
        ("limits: {cpus: .nan}", "limits.cpus: nan is no number of processors"),
        ("limits: {cpus: '4'}", 'limits.cpus: expected a number, got the text "4"'),
        ("limits: {memory: 16}", "limits.memory: expected a size such as 512m or 16g, got the number 16"),
        ("limits: {pids: 63}", "limits.pids: 63 is no limit of processes here; write 64 to 4194304"),
        ("limits: {pids: 99999999999}", "limits.pids: 99999999999 is no limit"),
        ("build: {proxy: 'http://u:hunter2@p:1'}", "write auto, and set HTTPS_PROXY in your own environment"),
        ('build: {ca: "no\\n"}', "build.ca: holds the unseen character U+000A"),
        ("build: {index: packages.example.com}", 'build.index: "packages.example.com" is no address'),
        ("build: {mirror: 'https://u:hunter2@m/'}", 'build.mirror: "https://…@m/" carries credentials'),
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
    ],
)
def test_a_bad_value_is_one_problem_with_line_key_and_hint(text: str, expected: str) -> None:
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
        "envkit.yaml:1 name",
        "envkit.yaml:2 name",
        "envkit.yaml:3 tensorflow",
        "envkit.yaml:5 ssh.port",
        "envkit.yaml:6 ssh.keys",
        "envkit.yaml:8 jupiter",
        "envkit.yaml:11 mounts[1].target",
        "envkit.yaml:12 mounts[2].source",
        "envkit.yaml:12 mounts[2].target",
        "envkit.yaml:13 limits.cpus",
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


@pytest.mark.parametrize(
    "text",
    [
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
    ],
)
def test_what_may_be_a_secret_is_never_shown(text: str) -> None:
    shown = "\n".join(problems(text))
    assert "hunter2" not in shown
    assert "271828" not in shown


def test_messages_are_short_and_printable() -> None:
    for line in problems(f'base: "\\e[2J{"x" * 5000}"\n"\\e]0;x\\a": 1\nname: "a\\u202eb"\n'):
        assert not display.UNPRINTABLE.search(line)
        assert len(line) < 400


def test_a_bomb_of_aliases_is_one_clear_message() -> None:
    assert "stands for more than 10000 values" in problem(bomb(30))
