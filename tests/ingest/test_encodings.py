"""Text files that are not UTF-8 and do not say what they are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.parsers import ParseError, detect
from ingest.parsers.encoding import decode_text
from ingest.sandbox import Sandbox

RUSSIAN = "Договор аренды заключён сроком на один год. Арендатор обязуется вносить плату ежемесячно."
GREEK = "Η σύμβαση μίσθωσης ισχύει για ένα έτος. Ο μισθωτής καταβάλλει το ενοίκιο κάθε μήνα."
POLISH = "Umowa najmu została zawarta na okres jednego roku. Najemca płaci czynsz, także za żółtą łódź."
CZECH = "Nájemní smlouva se uzavírá na dobu jednoho roku. Nájemce je povinen platit nájemné každý měsíc."
HUNGARIAN = "A bérleti szerződés időtartama egy év. A bérlő köteles fizetni a bérleti díjat minden hónapban."
TURKISH = "Kira sözleşmesi bir yıl süreyle geçerlidir. Kiracı her ayın beşinci gününe kadar kirayı öder."
LITHUANIAN = (
    "Nuomos sutartis galioja vienerius metus ir yra sudaryta dėl buto. Nuomininkas turi mokėti nuomą kas "
    "mėnesį, kad sutartis nebūtų nutraukta, bei pranešti apie gedimus ne vėliau kaip per dvi dienas nuo jų."
)
HEBREW = "חוזה השכירות תקף לשנה אחת. השוכר ישלם את דמי השכירות בכל חודש."
ARABIC = "عقد الإيجار ساري المفعول لمدة سنة واحدة. يدفع المستأجر الإيجار كل شهر."
THAI = "สัญญาเช่ามีอายุหนึ่งปี ผู้เช่าต้องชำระค่าเช่าทุกเดือน"
JAPANESE = "賃貸契約の期間は一年間とする。借主は毎月五日までに家賃を支払うものとします。"
SIMPLIFIED = "租赁合同有效期为一年。承租人应于每月五日前支付租金。"
TRADITIONAL = "租賃合約有效期為一年。承租人應於每月五日前支付租金。"
KOREAN = "임대차 계약 기간은 일 년으로 한다. 임차인은 매월 오일까지 임대료를 지급하여야 한다."


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        *((RUSSIAN, encoding) for encoding in ("cp1251", "koi8-r", "iso-8859-5", "cp866")),
        *((GREEK, encoding) for encoding in ("cp1253", "iso-8859-7")),
        *((text, encoding) for text in (POLISH, CZECH, HUNGARIAN) for encoding in ("cp1250", "iso-8859-2")),
        *((TURKISH, encoding) for encoding in ("cp1254", "iso-8859-9")),
        *((JAPANESE, encoding) for encoding in ("shift_jis", "euc_jp")),
        (LITHUANIAN, "cp1257"),
        (HEBREW, "cp1255"),
        (ARABIC, "cp1256"),
        (THAI, "tis-620"),
        (SIMPLIFIED, "gb18030"),
        (TRADITIONAL, "big5"),
        (KOREAN, "euc_kr"),
        ("Łódź;Kraków;Gdańsk;Żywiec\n", "cp1250"),
        ("Привет", "cp1251"),
    ],
)
def test_encoding_that_nobody_declares_is_found(text: str, encoding: str) -> None:
    assert decode_text(text.encode(encoding)) == text


@pytest.mark.parametrize(
    "text",
    [
        "Müller",
        "¿A cuántos equipos diferentes llevó Peyton Manning a la Super Bowl?",
        "Grüße aus Köln",
        "Très bien",
        "Elle a été conclue à l’été. Cliquez sur « Enregistrer ».",
        "Año",
        "contraseña aquí, quizás",
        "Martedì",
        "Het is geïnstalleerd: ‘last’ en ‘5’.",
        "Está na página, não há.",
        "Rødgrød med fløde",
        "Price: £50. Temperature 20°C ± 1, 5 m², ½ l.",
        "“It’s simple” – €50",
        "Façade",
        "The tenant pays the rent each month. " * 200 + "Contact Mr Müller.",
        "The tenant’s rent is £50 – “at most”. " * 200,
    ],
)
def test_western_text_stays_windows_1252(text: str) -> None:
    assert decode_text(text.encode("cp1252")) == text


@pytest.mark.parametrize("data", [b"\x81 caf\xe9", b"a\x8d \x8fb \x90 \x9d", b"a\x81\xff b\xfe\x9d"])
def test_text_with_controls_for_letters_is_refused(data: bytes) -> None:
    """U+0080 to U+009F stand in no text."""
    with pytest.raises(ParseError, match="save it as UTF-8") as caught:
        decode_text(data)
    assert caught.value.code == "unknown_encoding"


def test_declared_encoding_that_gives_controls_is_not_believed() -> None:
    assert decode_text("“Grüße” – 5 €".encode("cp1252"), "iso-8859-1") == "“Grüße” – 5 €"
    assert decode_text(RUSSIAN.encode("cp866"), "iso-8859-2") == RUSSIAN


def test_utf8_with_a_damaged_byte_stays_utf8() -> None:
    assert decode_text(RUSSIAN.encode() + b" \xd0.") == f"{RUSSIAN} \ufffd."


def test_windows_text_with_a_damaged_byte_stays_windows_text() -> None:
    words = "Die Größe der Türen hängt von der Länge der Gänge ab, über die sie führen. " * 5
    assert decode_text(words.encode("cp1252") + b"\x81.") == f"{words}\ufffd."


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("a.txt", "", ""),
        ("a.md", "# ", "\n\nend\n"),
        ("a.csv", "Nr;Text\n1;", "\n"),
        ("a.html", "<html><body><p>", "</p></body></html>"),
        ("a.rst", "", "\n"),
        ("a.adoc", "= Title\n\n", "\n"),
        ("a.eml", "Subject: x\nContent-Type: text/plain\nContent-Transfer-Encoding: 8bit\n\n", "\n"),
    ],
)
def test_every_kind_of_text_file_is_looked_at(tmp_path: Path, name: str, before: str, after: str) -> None:
    path = tmp_path / name
    path.write_bytes((before + RUSSIAN + after).encode("koi8-r"))
    assert RUSSIAN in detect(path, name).parse(path).text


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(timeout_s=60, memory_mb=512) as made:
        yield made


def test_encoding_is_found_where_documents_are_read(sandbox: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "stored"
    path.write_bytes(POLISH.encode("cp1250"))
    assert sandbox.parse(path, "umowa.txt").text == POLISH
