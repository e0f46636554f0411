from __future__ import annotations

import re
from pathlib import Path

import pytest
from clarion_client import Campaign, Category, ChannelConfiguration
from clarion_server.transport.cli.failures import CommandFailed
from clarion_server.transport.cli.files.resource_types import ALL
from clarion_server.transport.cli.files.resources import read_files
from clarion_server.transport.cli.files.test_suites import KEYWORD

CHANNEL = """\
channel: orders
display_name: Orders
smtp:
  host: smtp.example.com
  sender: {address: shop@example.com}
"""
CAMPAIGN = """\
campaign: order-confirmed
display_name: Order confirmed
category: TRANSACTIONAL
actions:
  - channel_configuration: orders
    email:
      subject: Order
      text: Thank you.
"""


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def problems_of(text: str) -> list[tuple[str, str]]:
    """Returns where and what, for a file with this text."""
    Path("file.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(CommandFailed) as caught:
        read_files([Path("file.yaml")])
    return [(problem.where, problem.text) for problem in caught.value.problems]


def channel_of(text: str) -> ChannelConfiguration:
    Path("file.yaml").write_text(text, encoding="utf-8")
    (resource,) = read_files([Path("file.yaml")]).resources
    assert isinstance(resource.value, ChannelConfiguration)
    return resource.value


def test_documents_of_a_file_become_resources_with_channels_first() -> None:
    Path("all.yaml").write_text(f"{CAMPAIGN}---\n---\n{CHANNEL}", encoding="utf-8")
    resources = read_files([Path("all.yaml")]).resources
    assert [resource.name for resource in resources] == ["channelConfigurations/orders", "campaigns/order-confirmed"]
    campaign = resources[1].value
    assert isinstance(campaign, Campaign)
    assert campaign.category is Category.TRANSACTIONAL


def test_a_folder_is_read_by_name_with_its_folders_and_without_other_files() -> None:
    Path("b.yml").write_text(CHANNEL, encoding="utf-8")
    Path("inner").mkdir()
    Path("inner", "a.yaml").write_text(CAMPAIGN, encoding="utf-8")
    Path("notes.txt").write_text("campaign: [", encoding="utf-8")
    assert len(read_files([Path()]).resources) == 2


def test_a_folder_may_be_a_link_and_lead_back_to_one_around_it() -> None:
    for folder in ("shared", "campaigns"):
        Path(folder).mkdir()
    Path("shared", "a.yaml").write_text(CHANNEL, encoding="utf-8")
    Path("campaigns", "linked").symlink_to(Path("..", "shared"))
    Path("shared", "back").symlink_to(Path("..", "campaigns"))
    assert [resource.name for resource in read_files([Path("campaigns")]).resources] == ["channelConfigurations/orders"]


def test_a_link_in_a_folder_that_leads_nowhere_is_not_left_out() -> None:
    Path("a.yaml").write_text(CHANNEL, encoding="utf-8")
    Path("b.yaml").symlink_to("gone.yaml")
    with pytest.raises(CommandFailed) as caught:
        read_files([Path()])
    assert [problem.text for problem in caught.value.problems] == ["Cannot open b.yaml: No such file or directory."]


def test_a_file_that_is_given_twice_is_read_once() -> None:
    Path("inner").mkdir()
    Path("inner", "a.yaml").write_text(CHANNEL, encoding="utf-8")
    assert len(read_files([Path("inner", "a.yaml"), Path("inner"), Path()]).resources) == 1


def test_every_problem_of_a_document_is_reported_with_its_line() -> None:
    assert problems_of(
        "campaign: x\n"
        "display_nam: X\n"
        "category: TRANSACTONAL\n"
        "tags:\n"
        "  - shop\n"
        "  - 5\n"
        "state: LIVE\n"
        "actions:\n"
        "  - email:\n"
        "      html: <p>\n"
        "      frm: {address: a@example.com}\n"
    ) == [
        ("file.yaml:2: display_nam", "It is no field of Campaign; did you mean display_name?"),
        ("file.yaml:3: category", "It is 'TRANSACTONAL', not one of TRANSACTIONAL, MARKETING."),
        ("file.yaml:6: tags[1]", "It is 5, not a string."),
        ("file.yaml:7: state", "The service writes this field. Leave it out."),
        ("file.yaml:9: actions[0].channel_configuration", "It is missing."),
        ("file.yaml:9: actions[0].email.subject", "It is missing."),
        ("file.yaml:11: actions[0].email.frm", "It is no field of EmailContent; did you mean from?"),
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("campaign: a\n\tb: c\n", 2),
        ("campaign: a\nb: [\n", 3),
        ("campaign: a\ncampaign: b\n", 2),
        ("campaign: a\nb: &b [*b]\n", 2),
        ("campaign: a\nb: &b\n  <<: *b\n", 2),
        ("campaign: a\nb: &b {c: 1}\nd:\n  <<: *b\n  e: 1\n  e: 2\n", 6),
        ("campaign: a\nb: {<<: 5}\n", 2),
        ("campaign: a\nb: !!python/object/apply:os.getcwd []\n", 2),
        ("campaign: a\nb: !unknown x\n", 2),
        ("campaign: a\nb: {[c]: d}\n", 2),
        ("campaign: a\nb: {5: d}\n", 2),
        ("campaign: a\nb: !!bool maybe\n", 1),
        (f"campaign: a\nb: {'9' * 5_000}\n", 1),
        ("%YAML 1.3\n---\ncampaign: a\n", 1),
        ('campaign: a\nb: "\\ud83d"\n', 2),
        ("- campaign: a\n", 1),
        ("campaign: a\nb: \x00\n", 2),
    ],
)
def test_what_is_not_yaml_as_it_should_be_is_reported_by_line(text: str, line: int) -> None:
    ((where, _),) = problems_of(text)
    assert where.startswith(f"file.yaml:{line}")


def test_every_name_that_is_given_twice_is_refused_with_its_path() -> None:
    problems = problems_of("campaign: a\ntags: []\ntags: []\nactions:\n  - email: {text: a, html: b, text: c}\n")
    assert problems == [
        ("file.yaml:3: tags", "It is given twice."),
        ("file.yaml:5: actions[0].email.text", "It is given twice."),
    ]


def test_a_file_that_is_nested_too_deeply_is_refused() -> None:
    assert problems_of("campaign: a\nb: " + "[" * 10_000) == [
        ("file.yaml:2", "The document is nested deeper than 100 levels.")
    ]


def test_aliases_of_aliases_are_refused_with_a_line() -> None:
    levels = [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]" for level in range(1, 30)]
    ((where, text),) = problems_of("\n".join(["campaign: a", "a0: &a0 [x, x]", *levels]))
    assert where.startswith("file.yaml:")
    assert "Aliases" in text


def test_a_number_that_the_contract_cannot_hold_is_reported_by_line() -> None:
    text = CHANNEL.replace("sender:", "port: 99999999999\n  sender:") + "max_concurrency: -2147483649\n"
    assert problems_of(text) == [
        ("file.yaml:5: smtp.port", "It is 99999999999, which is too large a number."),
        ("file.yaml:7: max_concurrency", "It is -2147483649, which is too large a number."),
    ]


def test_what_is_not_utf_8_is_reported_by_line() -> None:
    Path("file.yaml").write_bytes(b"campaign: a\ndisplay_name: \xff\n")
    with pytest.raises(CommandFailed) as caught:
        read_files([Path("file.yaml")])
    (problem,) = caught.value.problems
    assert (problem.where, "UTF-8" in problem.text) == ("file.yaml:2", True)


@pytest.mark.parametrize("text", ["name: x\n", "campaign: x\nchannel: x\n", "campaign: \n", "campaign: [x]\n"])
def test_a_document_that_names_no_one_resource_is_refused(text: str) -> None:
    assert problems_of(text)[0][0].startswith("file.yaml:1")


def test_the_refusal_of_a_document_without_a_name_lists_every_type_of_resource() -> None:
    ((_, text),) = problems_of("name: x\n")
    assert re.findall(r"`(\w+): ID`", text) == [*(resource_type.keyword for resource_type in ALL), KEYWORD]


def test_the_page_of_the_command_line_names_every_type_of_resource() -> None:
    page = (Path(__file__).parents[3] / "docs" / "cli.md").read_text(encoding="utf-8")
    assert set(re.findall(r"`(\w+): ID`", page)) == {*(resource_type.keyword for resource_type in ALL), KEYWORD}


def test_a_resource_that_stands_twice_is_refused_at_its_second_place() -> None:
    ((where, text),) = problems_of(f"{CHANNEL}---\n{CHANNEL}")
    assert where == "file.yaml:7: channel"
    assert text == "channelConfigurations/orders is at file.yaml:1 too."


def test_files_without_anything_are_refused() -> None:
    assert problems_of("# nothing yet\n") == []


def test_a_text_comes_from_a_file_beside_the_yaml() -> None:
    Path("shop").mkdir()
    Path("shop", "order.txt").write_text("\ufeffThank you.\nThe Shop\n", encoding="utf-8")
    text = CAMPAIGN.replace("text: Thank you.", "text_file: order.txt")
    Path("shop", "order.yaml").write_text(text, encoding="utf-8")
    (resource,) = read_files([Path("shop/order.yaml")]).resources
    assert isinstance(resource.value, Campaign)
    assert resource.value.actions[0].email is not None
    assert resource.value.actions[0].email.text == "Thank you.\nThe Shop\n"
    assert str(resource.locations.find("actions[0].email.text").of_text(3)) == "shop/order.txt:3"


def test_a_text_that_is_given_twice_or_whose_file_is_not_there_is_refused() -> None:
    both = problems_of(CAMPAIGN + "      text_file: order.txt\n")
    assert both == [("file.yaml:9: actions[0].email.text_file", "text is given too.")]
    missing = problems_of(CAMPAIGN.replace("text: Thank you.", "text_file: order.txt"))
    assert missing == [("file.yaml:8: actions[0].email.text_file", "Cannot open order.txt: No such file or directory.")]


def test_names_in_free_data_are_left_as_they_are() -> None:
    schema = (
        "context_schema:\n  type: object\n  properties:\n    invoice_file: {type: string}\n    a: {const: '${X}'}\n"
    )
    Path("file.yaml").write_text(CAMPAIGN + schema, encoding="utf-8")
    (resource,) = read_files([Path("file.yaml")]).resources
    assert isinstance(resource.value, Campaign)
    assert resource.value.context_schema is not None
    assert resource.value.context_schema["properties"] == {"invoice_file": {"type": "string"}, "a": {"const": "${X}"}}


def test_variables_of_the_environment_fill_a_channel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGION", "eu")
    monkeypatch.setenv("SMTP_PORT", "2525")
    monkeypatch.setenv("SMTP_PASSWORD", "12345")
    text = CHANNEL.replace("smtp.example.com", "smtp.${REGION}.example.com")
    smtp = channel_of(text + "  port: ${SMTP_PORT}\n  username: shop\n  password: ${SMTP_PASSWORD}\n").smtp
    assert smtp is not None
    assert (smtp.host, smtp.port, smtp.password) == ("smtp.eu.example.com", 2525, "12345")


def test_a_variable_that_is_not_set_or_no_number_is_refused_without_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REGION", raising=False)
    monkeypatch.setenv("SMTP_PORT", "hunter2")
    problems = problems_of(CHANNEL.replace("smtp.example.com", "${REGION}") + "  port: ${SMTP_PORT}\n")
    assert problems == [
        ("file.yaml:4: smtp.host", "The environment variable REGION is not set."),
        ("file.yaml:6: smtp.port", "The value of ${SMTP_PORT} in this environment does not fit."),
    ]


def test_a_password_in_the_file_is_refused() -> None:
    problems = problems_of(CHANNEL + "  username: shop\n  password: hunter2\n")
    assert problems == [("file.yaml:7: smtp.password", "A secret does not belong in the file.")]


@pytest.mark.parametrize("content", ["correct horse", "correct horse\n", "\ufeffcorrect horse\r\n"])
def test_a_password_may_come_from_a_file_of_its_own(content: str) -> None:
    Path("secret").write_bytes(content.encode())
    smtp = channel_of(CHANNEL + "  username: shop\n  password_file: secret\n").smtp
    assert smtp is not None
    assert smtp.password == "correct horse"


def test_a_byte_order_mark_is_no_content() -> None:
    assert channel_of("\ufeff" + CHANNEL).name == "orders"


def test_a_field_that_the_service_writes_is_refused_wherever_it_is() -> None:
    problems = problems_of(CHANNEL + "  password_set: true\netag: x\n")
    assert [where for where, _ in problems] == ["file.yaml:6: smtp.password_set", "file.yaml:7: etag"]


def test_a_variable_that_holds_no_member_of_an_enum_is_refused_without_its_value(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TLS", "hunter2")
    ((where, text),) = problems_of(CHANNEL + "  tls_mode: ${TLS}\n")
    assert where == "file.yaml:6: smtp.tls_mode"
    assert "hunter2" not in text


def test_merged_values_have_the_line_at_which_they_are_written() -> None:
    campaign = CAMPAIGN.replace("      subject: Order\n", "      <<: *base\n")
    problems = problems_of(f"base: &base\n  subject: 5\n{campaign}")
    assert ("file.yaml:2: actions[0].email.subject", "It is 5, not a string.") in problems


def test_problems_of_all_files_come_together() -> None:
    Path("a.yaml").write_text("campaign: a\nfoo: 1\n", encoding="utf-8")
    Path("b.yaml").write_text("campaign: b\n\tfoo: 1\n", encoding="utf-8")
    with pytest.raises(CommandFailed) as caught:
        read_files([Path()])
    assert [problem.where for problem in caught.value.problems] == ["a.yaml:2: foo", "b.yaml:2"]


def test_several_problems_of_one_value_are_all_shown() -> None:
    text = CHANNEL + "  username: ${NO_SUCH_A} ${NO_SUCH_B} ${NO_SUCH_A}\n"
    assert problems_of(text) == [
        ("file.yaml:6: smtp.username", f"The environment variable {name} is not set.")
        for name in ("NO_SUCH_A", "NO_SUCH_B")
    ]


def test_a_value_that_follows_from_a_missing_variable_is_no_problem_of_its_own() -> None:
    text = CHANNEL + "  timeout: ${NO_SUCH_A}\n"
    assert problems_of(text) == [("file.yaml:6: smtp.timeout", "The environment variable NO_SUCH_A is not set.")]
