"""Pictures as documents: they have no text of their own, so text recognition reads them."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from ingest.parsers.base import ParsedDocument, ParseError
from ingest.parsers.pdf_document import no_text_layer, printed_document
from ingest.parsers.pdf_source import PageText
from ingest.parsers.pictures import PageRequest, fitting_scale, no_page
from ingest.parsers.recognised import RecognisedPage

MAX_FRAMES = 500
# A picture that unpacks to more than this is refused before it is unpacked.
MAX_SOURCE_PIXELS = 100_000_000
# A small picture is enlarged by this factor at most: there is no more to see, and little more to recognise.
MAX_ENLARGED = 3.0
_FORMATS = ("PNG", "JPEG", "TIFF", "WEBP")


class ImageParser:
    """PNG, JPEG, WebP, and TIFF with any number of pages."""

    name = "image"
    extensions = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp")

    def parse(self, path: Path) -> ParsedDocument:
        raise no_text_layer("The file is a picture", range(1, _frame_count(path) + 1))

    def parse_recognised(self, path: Path, recognised: Mapping[int, RecognisedPage]) -> ParsedDocument:
        pages = [PageText(is_picture=True)] * _frame_count(path)
        return printed_document(pages, recognised=recognised)

    def draw(self, path: Path, page: PageRequest) -> Image.Image:
        with _opened(path) as image:
            if page.number > min(getattr(image, "n_frames", 1), MAX_FRAMES):
                raise no_page()
            image.seek(page.number - 1)
            _check_size(image)
            upright = _on_white(ImageOps.exif_transpose(image))
        scale = min(fitting_scale(upright.size, page.width), MAX_ENLARGED)
        size = (max(1, round(upright.width * scale)), max(1, round(upright.height * scale)))
        return upright.resize(size, Image.Resampling.LANCZOS)


def _on_white(image: Image.Image) -> Image.Image:
    """Without its transparency, as it is seen on paper: the colour below may be that of the words."""
    if not image.has_transparency_data:
        return image.convert("RGB")
    seen = image.convert("RGBA")
    paper = Image.new("RGBA", seen.size, "white")
    return Image.alpha_composite(paper, seen).convert("RGB")


def _frame_count(path: Path) -> int:
    with _opened(path) as image:
        _check_size(image)
        count = int(getattr(image, "n_frames", 1))
    if count > MAX_FRAMES:
        raise ParseError(
            "too_many_pages",
            f"The picture has {count:,} pages; {MAX_FRAMES:,} is the limit. Split it and upload the parts.",
        )
    return count


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """Raises ParseError (unreadable) for whatever is wrong with the picture."""
    try:
        with warnings.catch_warnings(), Image.open(path, formats=_FORMATS) as image:
            warnings.simplefilter("ignore")
            yield image
    except (
        UnidentifiedImageError,
        OSError,
        SyntaxError,
        ValueError,
        EOFError,
        Image.DecompressionBombError,
    ) as error:
        raise ParseError(
            "unreadable", "The picture is damaged. Open it in a viewer, save it again and upload that."
        ) from error


def _check_size(image: Image.Image) -> None:
    if image.width * image.height > MAX_SOURCE_PIXELS:
        raise ParseError(
            "too_large",
            f"The picture has {image.width:,} × {image.height:,} points, more than can be read. "
            "Make it smaller and upload that.",
        )
