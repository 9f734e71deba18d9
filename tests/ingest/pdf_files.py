"""PDF files made by the tests."""

from __future__ import annotations

import io
from pathlib import Path

from fpdf import FPDF
from PIL import Image, ImageDraw, ImageFont
from pypdf import PdfReader, PdfWriter


class Pdf:
    """Writes lines at exact places, as a typesetter would."""

    def __init__(self) -> None:
        self.pdf = FPDF(unit="pt", format="A4")
        self.pdf.set_auto_page_break(False)
        self.y = 0.0

    def page(self) -> Pdf:
        self.pdf.add_page()
        self.y = 72.0
        return self

    def line(self, text: str, size: float = 10, style: str = "", gap: float = 0, x: float = 72) -> Pdf:
        self.y += gap + 1.2 * size
        self.pdf.set_font("Helvetica", style, size)
        self.pdf.text(x, self.y, text)
        return self

    def lines(self, *texts: str, gap: float = 12) -> Pdf:
        """One paragraph."""
        for number, text in enumerate(texts):
            self.line(text, gap=gap if number == 0 else 0)
        return self

    def bytes(self) -> bytes:
        return bytes(self.pdf.output())

    def write(self, path: Path) -> Path:
        path.write_bytes(self.bytes())
        return path


def encrypted(data: bytes, user_password: str, path: Path) -> Path:
    """The same PDF under a password; with an empty one it opens, restricted."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(data)))
    writer.encrypt(user_password, owner_password="owner", algorithm="RC4-128")
    with path.open("wb") as file:
        writer.write(file)
    return path


def pictures(count: int, pdf: Pdf | None = None, text: str = "Scanned words 2024") -> Pdf:
    """Pages that hold nothing but a picture of a line of text."""
    pdf = pdf or Pdf()
    picture = Image.new("L", (1240, 300), 255)
    ImageDraw.Draw(picture).text((60, 100), text, fill=0, font=ImageFont.load_default(64))
    for _ in range(count):
        pdf.page()
        pdf.pdf.image(picture, 0, 60, 595)
    return pdf
