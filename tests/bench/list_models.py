# SPDX-License-Identifier: Apache-2.0
"""CPU of the Hub's own Python client per 1,000 models: list_models.py URL ROWS. A line of JSON."""

import json
import sys
import time

from huggingface_hub import HfApi

FIELDS = ["author", "createdAt", "disabled", "downloads", "downloadsAllTime", "gated", "lastModified", "library_name", "likes", "pipeline_tag", "private", "safetensors", "tags", "baseModels"]


def main():
    hub, rows = HfApi(endpoint=sys.argv[1], token=False), int(sys.argv[2])
    sum(1 for _ in hub.list_models(limit=2000, expand=FIELDS))
    before = time.process_time()
    n = sum(1 for m in hub.list_models(limit=rows, expand=FIELDS) if m.id)
    print(json.dumps({"rows": n, "ms": 1e6 * (time.process_time() - before) / n}))


main()
