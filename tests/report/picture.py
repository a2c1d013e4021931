# SPDX-License-Identifier: Apache-2.0
"""The README's picture: the head of the report that `make demo` left in build/demo, as jobs/notebook/report.png (Chromium, PIL)."""

import os

import chromium
from PIL import Image

REPORT, PICTURE = "build/demo/report.html", "jobs/notebook/report.png"
with chromium.Chromium() as browser:
    browser.open(REPORT, 1240)
    bottom = browser.evaluate("document.querySelector('#about-growth').getBoundingClientRect().bottom")
    browser.open(REPORT, 1240, int(bottom) + 12)
    browser.screenshot(PICTURE)
Image.open(PICTURE).convert("RGB").quantize(160, kmeans=3).save(PICTURE, optimize=True)
print(f"{PICTURE}: {os.path.getsize(PICTURE)} bytes")
