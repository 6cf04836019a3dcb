"""Problems of a config: code, line, key and hint."""

from __future__ import annotations

import pytest

from envkit.config import display
from tests.support.config_samples import load_problem, load_problems
from tests.unit.test_yaml_limits import alias_bomb

# Text, line, key, and a fragment of the message or hint.
Cases = tuple[tuple[str, int, str, str], ...]

UNKNOWN_KEYS: Cases = (
    ("jupiter: {}", 1, "jupiter", "unknown key 'jupiter'; did you mean 'jupyter'?"),
    ("ssh: {prot: 1}", 1, "ssh.prot", "did you mean 'port'?"),
    ("mounts:\n- {source: a, target: /b,\n   readonly: true}", 3, "mounts[0].readonly", "did you mean 'read_only'?"),
    ("secrets: {A: {file: a, flie: b}}", 1, "secrets.A.flie", "did you mean 'file'?"),
    ("logdir: x", 1, "logdir", "it belongs under tensorboard"),
    ("port: 1", 1, "port", "it belongs under jupyter or ssh"),
    ("jupyter: {gpu: on}", 1, "jupyter.gpu", "it belongs at the top level"),
    ("limits: {xyzzy: 1}", 1, "limits.xyzzy", "known keys: cpus, memory, shm, pids"),
    ("limits: {xyzzy: }", 1, "limits.xyzzy", "known keys"),
    ("<<: {}", 1, "<<", "known keys"),
    ("python: {file: x, requirements: y}", 1, "python.file", "known keys: requirements"),
)

MISSING_KEYS: Cases = (
    ("secrets: {A: {}}", 1, "secrets.A.file", "example: secrets: {WANDB_API_KEY: {file: ~/.wandb}}"),
    ("mounts: [{source: /data}]", 1, "mounts[0].target", "example: mounts: ["),
)

WRONG_TYPES: Cases = (
    ("tensorflow: 2.10", 1, "tensorflow", 'YAML reads 2.10; put it in quotes: tensorflow: "2.10"'),
    ("tensorflow: 2.9", 1, "tensorflow", 'a string, got the number 2.9; put it in quotes: tensorflow: "2.9"'),
    ("name: 0x10", 1, "name", 'got the number 16, which is how YAML reads 0x10; put it in quotes: name: "0x10"'),
    ("name: true", 1, "name", 'got the boolean true; put it in quotes: name: "true"'),
    ("apt:\n- graphviz\n- 7", 3, "apt[1]", 'got the number 7; put it in quotes: "7"'),
    ("python: [1.10]", 1, "python[0]", "got the number 1.1, which is how YAML reads 1.10"),
    ("env: {A: 1}", 1, "env.A", 'got the number 1; put it in quotes: A: "1"'),
    ("env: {A: true}", 1, "env.A", 'got the boolean true; put it in quotes: A: "true"'),
    ("env: {A: }", 1, "env.A", 'got no value; use "" for an empty string'),
    ("env: {A: [1]}", 1, "env.A", "got a list; example: env: {TF_CPP_MIN_LOG_LEVEL: '1'}"),
    ("apt: graphviz", 1, "apt", 'a list, got the string "graphviz"; example: apt: [graphviz]'),
    ("apt: {a: b}", 1, "apt", "a list, got a mapping"),
    ("python: pandas", 1, "python", "a list"),
    ("mounts: [/data:/data]", 1, "mounts[0]", "example: mounts: [{source: /data, target: /data, read_only: true}]"),
    (
        "mounts: [{source: a, target: /a, read_only: yes}]",
        1,
        "mounts[0].read_only",
        'true or false, got the string "yes"',
    ),
    ("jupyter: {port: '8888'}", 1, "jupyter.port", 'got the string "8888"; example: jupyter: {port: 8888}'),
    ("jupyter: {port: 8888.0}", 1, "jupyter.port", "a whole number, got the number 8888.0"),
    ("jupyter: {port: true}", 1, "jupyter.port", "a whole number, got the boolean true"),
    ("jupyter: []", 1, "jupyter", "a mapping, got a list; example: jupyter: {port: 8888}"),
    ("ssh: true", 1, "ssh", "a mapping, got the boolean true"),
    ("limits: {cpus: '4'}", 1, "limits.cpus", 'a number, got the string "4"'),
    ("- a", 1, "", 'expected keys such as tensorflow: "2.9.0", got a list'),
    ("just words", 1, "", 'got the string "just words"'),
    ("7", 1, "", "got the number 7"),
)

INVALID_VALUES: Cases = (
    ("name: Vision", 1, "name", '"Vision"'),
    ('env: {"A B": x}', 1, "env.A B", '"A B"'),
    ("base: Debian", 1, "base", "use official, debian, nvidia, auto"),
    ("gpu: 0", 1, "gpu", "use 1 or more, or off for none"),
    ("gpu: yes", 1, "gpu", 'got the string "yes"; use auto, on, off'),
    ("gpu: [0, 0]", 1, "gpu", "twice"),
    ("apt: ['-o']", 1, "apt[0]", '"-o"'),
    ("python: ['x @ https://user:hunter2@example.com/x.tgz']", 1, "python[0]", '"x" has a URL'),
    ("workspace: ''", 1, "workspace", "is empty"),
    ("volumes: {a: data}", 1, "volumes.a", "use an absolute path"),
    ("jupyter: {port: 80}", 1, "jupyter.port", "use a number from 1024 to 65535"),
    ("ssh: {keys: []}", 1, "ssh.keys", "is empty"),
    ("tensorboard: {logdir: /logs}", 1, "tensorboard.logdir", "use a relative path"),
    ("limits: {cpus: 0}", 1, "limits.cpus", "0.0; use 0.01 to 4096, such as 4 or 0.5"),
    ("limits: {cpus: 1.0e-10}", 1, "limits.cpus", "1e-10"),  # the engine would round it to 0, which means no limit
    ("limits: {cpus: .nan}", 1, "limits.cpus", "nan"),
    ("limits: {memory: 511m}", 1, "limits.memory", "use 512m or more"),
    ("limits: {memory: 16}", 1, "limits.memory", "expected a size such as 512m or 16g, got the number 16"),
    ("limits: {shm: 63m}", 1, "limits.shm", "use 64m or more"),
    ("limits: {pids: 63}", 1, "limits.pids", "use 64 to 4194304"),
    ("limits: {pids: 99999999999}", 1, "limits.pids", "99999999999"),
    ("build: {index: packages.example.com}", 1, "build.index", '"packages.example.com"'),
    ("network: {pool: 8.8.0.0/16}", 1, "network.pool", "8.8.0.0/16 is not private"),
)

RESERVED_VARIABLES: Cases = (
    ("env: {PATH: x}", 1, "env.PATH", "remove it"),
    ("env: {PIP_INDEX_URL: x}", 1, "env.PIP_INDEX_URL", "set build.index"),
    ("env: {PIP_CONFIG_FILE: x}", 1, "env.PIP_CONFIG_FILE", "set build.index, which requires approval"),
    ("env: {UV_DEFAULT_INDEX: x}", 1, "env.UV_DEFAULT_INDEX", "set build.index, which requires approval"),
    ("env: {https_proxy: x}", 1, "env.https_proxy", "set build.proxy, which requires approval"),
    ("env: {SSL_CERT_FILE: x}", 1, "env.SSL_CERT_FILE", "set build.ca, which requires approval"),
    ("env: {curl_ca_bundle: x}", 1, "env.curl_ca_bundle", "set build.ca, which requires approval"),
    ("secrets: {SSL_CERT: {file: a}}", 1, "secrets.SSL_CERT", "SSL_CERT_FILE"),
    ("secrets: {PATH: {file: a}}", 1, "secrets.PATH", "remove it"),
)

CONFLICTS: Cases = (
    ("mounts: [{source: a, target: /a}, {source: b, target: /a}]", 1, "mounts[1].target", "use a different target"),
    ("mounts: [{source: a, target: /a}]\nvolumes: {v: /a}", 2, "volumes.v", "use a different target"),
    ("ssh: {publish: true, port: 9000}\njupyter: {port: 9000}", 1, "ssh.port", "jupyter.port is 9000 too"),
    ("env: {A_FILE: x}\nsecrets: {A: {file: y}}", 1, "env.A_FILE", "the secret A sets this variable"),
)

HIDDEN_CHARACTERS: Cases = (
    ('env: {A: "x\\ny"}', 1, "env.A", "U+000A"),
    ('build: {ca: "no\\n"}', 1, "build.ca", "U+000A"),
    ("name: a\0", 1, "", "U+0000"),
)

CREDENTIALS: Cases = (
    ("build: {proxy: 'http://u:hunter2@p:1'}", 1, "build.proxy", "set HTTPS_PROXY"),
    ("build: {mirror: 'https://u:hunter2@m/'}", 1, "build.mirror", '"https://…@m/"'),
)

UNSUPPORTED_YAML: Cases = (
    ("name: !x a", 1, "", "!x"),
    ("a: 1\n---\nb: 1", 2, "", "second YAML document"),
)

SECRET = "secrets: {MY_TOKEN: {file: ~/.my_token}} and read the file that MY_TOKEN_FILE names"

CASES: dict[str, Cases] = {
    "unknown-key": UNKNOWN_KEYS,
    "missing-key": MISSING_KEYS,
    "invalid-type": WRONG_TYPES,
    "invalid-value": INVALID_VALUES,
    "reserved-variable": RESERVED_VARIABLES,
    "conflicting-keys": CONFLICTS,
    "hidden-character": HIDDEN_CHARACTERS,
    "credentials-in-url": CREDENTIALS,
    "unsupported-yaml": UNSUPPORTED_YAML,
    "secret-in-env": (("env: {MY_TOKEN: x}", 1, "env.MY_TOKEN", SECRET),),
    "reserved-path": (("mounts: [{source: /d, target: /etc/x}]", 1, "mounts[0].target", "would hide /etc"),),
    "volume-name-reserved": (("volumes: {home: /data}", 1, "volumes.home", "use another name"),),
    "private-key": (("ssh: {keys: ['~/.ssh/id_rsa']}", 1, "ssh.keys[0]", '"~/.ssh/id_rsa"'),),
    "unknown-release": (("tensorflow: '2.99'", 1, "tensorflow", "2.99"),),
    "duplicate-key": (("name: a\nname: b", 2, "name", "in lines 1 and 2"),),
    "invalid-yaml": (("name: [", 2, "", "check quotes"),),
}


@pytest.mark.proves("a mistake in the config is reported with line, key and hint", "real")
@pytest.mark.parametrize("code", CASES)
def test_a_problem_has_code_line_key_and_hint(code: str) -> None:
    for text, line, key, fragment in CASES[code]:
        problem = load_problem(text)
        assert (problem.file, problem.line, problem.key, problem.code) == ("envkit.yaml", line, key, code), text
        assert fragment in problem.message, text
        assert "hunter2" not in str(problem), text
        assert "pydantic" not in str(problem), text


@pytest.mark.proves("all mistakes in the config are reported at once", "real")
def test_all_problems_are_reported_in_file_order() -> None:
    text = (
        "name: A\nname: b\ntensorflow: 2.10\nssh:\n  port: 80\n  keys: id_rsa\n\njupiter: {}\n"
        "mounts:\n- {source: a, target: /x}\n- {source: b, target: /x}\n- {}\nlimits: {cpus: -1}\n"
    )
    assert [(problem.line, problem.key) for problem in load_problems(text)] == [
        (1, "name"),
        (2, "name"),
        (3, "tensorflow"),
        (5, "ssh.port"),
        (6, "ssh.keys"),
        (8, "jupiter"),
        (11, "mounts[1].target"),
        (12, "mounts[2].source"),
        (12, "mounts[2].target"),
        (13, "limits.cpus"),
    ]


def test_an_unknown_release_is_reported_with_other_problems() -> None:
    problems = load_problems('tensorflow: "2.99"\ngpu: maybe\n')
    assert [problem.code for problem in problems] == ["unknown-release", "invalid-value"]


def test_problems_name_the_file_as_given() -> None:
    assert load_problems("x: 1", "sub/envkit.yaml")[0].file == "sub/envkit.yaml"


def test_many_problems_are_cut_and_counted() -> None:
    problems = load_problems("\n".join(f"key{number}: 1" for number in range(3000)))
    assert len(problems) == 51
    assert ["2950" in problem.message for problem in problems if problem.code == "too-many-problems"] == [True]


def test_possible_secrets_are_never_shown() -> None:
    for text in (
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
    ):
        messages = "\n".join(str(problem) for problem in load_problems(text))
        assert "hunter2" not in messages, text
        assert "271828" not in messages, text


def test_messages_are_short_and_printable() -> None:
    for problem in load_problems(f'base: "\\e[2J{"x" * 5000}"\n"\\e]0;x\\a": 1\nname: "a\\u202eb"\n'):
        assert not display.UNPRINTABLE.search(str(problem))
        assert len(str(problem)) < 400


def test_an_alias_bomb_is_one_problem() -> None:
    assert load_problem(alias_bomb(30)).code == "config-too-large"
