"""The keyboard of the display, as xkbcomp reads it: an American one that also has the letters and signs of others.

People's own keyboards send letters, not keys. For a letter that the display's keyboard lacks, its server adds a key at
first use; there is room for twenty, and a program may take the first press by the old keyboard, so that it is lost.
Here they are from the start: letters on keys of their own, Greek ones and signs behind the third level of common keys.
"""

import re
from pathlib import Path

LATIN = "àáâãäåæçèéêëìíîïðñòóôõöøùúûüýþßąćčďęěğıłńňőœřśšşťůűźżž"
CYRILLIC = "абвгдеёжзийклмнопрстуфхцчшщъыьэюя"
GREEK = "αβγδεζηθικλμνξοπρσςτυφχψω"
SIGNS = "£€§°±²³µ·½¼¡¿«»´¨¬×÷–—…‘’“”≤≥≠∞√∑¥ÿ¹"
ROWS = {"AD": "qwertyuiop[]", "AC": "asdfghjkl;'", "AB": "zxcvbnm,./", "AE": "1234567890-="}
SHIFTED = dict(zip("[];',./1234567890-=", '{}:"<>?!@#$%^&*()_+', strict=True))
CODES = Path("/usr/share/X11/xkb/keycodes/evdev")
NAMES = Path("/opt/readingroom/page/core/input/keysymdef.js")  # the numbers that noVNC sends

known = {int(point, 16): int(keysym, 16)
         for point, keysym in re.findall(r"0x([0-9a-f]+): 0x([0-9a-f]+)", NAMES.read_text())}


def keysym(letter: str) -> str:
    point = ord(letter)
    return hex(point if point < 0x100 else known.get(point, 0x01000000 + point))


def key(name: str, *letters: str) -> str:
    return f"key <{name}> {{ [ {', '.join(map(keysym, letters))} ] }};"


def pair(letter: str) -> tuple[str, ...]:
    capital = letter.upper()
    return (letter, capital) if capital != letter and len(capital) == 1 else (letter,)


own = [name for name, code in re.findall(r"<(I\d+)> = (\d+);", CODES.read_text()) if int(code) <= 255]
common = {f"{row}{place:02d}": letter for row, letters in ROWS.items() for place, letter in enumerate(letters, 1)}
plain = [name for name, letter in common.items() if letter.isalpha()]
others = [name for name in common if name not in plain]
lines = [key(name, *pair(letter)) for name, letter in zip(own, LATIN + CYRILLIC, strict=False)]
lines += [key(name, *pair(common[name]), *pair(letter)) for name, letter in zip(plain, GREEK, strict=False)]
lines += [key(name, common[name], SHIFTED[common[name]], *both)
          for name, both in zip(others, zip(SIGNS[::2], SIGNS[1::2], strict=True), strict=False)]
symbols = "\n  ".join(lines)
print(f"""xkb_keymap {{
 xkb_keycodes {{ include "evdev+aliases(qwerty)" }};
 xkb_types {{ include "complete" }};
 xkb_compat {{ include "complete" }};
 xkb_symbols {{
  include "pc+us"
  {symbols}
 }};
}};""")
