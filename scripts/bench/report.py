"""The table of the bench in Markdown."""

from measure import median

REFERENCE = "spimi-256M-2"


def cell(value, form="{:,}"):
    return "" if value is None else form.format(value)


def medians(record):
    return {name: median([run[name] for run in record["runs"]])
            for name in ("seconds", "cpu_seconds", "peak_bytes", "index_bytes") if name in record["runs"][0]}


def markdown(results):
    machine, corpus = results["machine"], results["corpus"]
    lines = [
        f"Corpus `{corpus['name']}`: {corpus['documents']:,} documents, {corpus['bytes'] / 1e6:,.0f} MB."
        f" Machine: {machine['processors']} processors of {machine['cpu']}, {machine['memory_bytes'] / 2**30:.0f} GiB,"
        f" Linux {machine['kernel']}.",
        "Medians; the files were read once before every run.",
        "",
        "| | runs | seconds | × spimi | CPU seconds | peak MiB | index MB | documents | terms | tokens |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    reference = next((medians(record)["seconds"] for record in results["rows"]
                      if record["name"] == REFERENCE and record["runs"]), None)
    versions = []
    for record in results["rows"]:
        if "error" in record:
            lines.append(f"| {record['label']} | {len(record['runs'])} | not had: {record['error'].replace('|', '/')} | | | | | | | |")
            continue
        if not record["runs"]:
            continue
        row = medians(record)
        if record.get("version", "") not in versions:
            versions.append(record.get("version"))
        cells = [
            record["label"], len(record["runs"]), f"{row['seconds']:.2f}",
            cell(reference and row["seconds"] / reference, "{:.2f}"), f"{row['cpu_seconds']:.2f}",
            f"{row['peak_bytes'] / 2**20:,.0f}", cell(row["index_bytes"] / 1e6 if "index_bytes" in row else None, "{:,.1f}"),
            *(cell(record.get(name)) for name in ("documents", "terms", "tokens")),
        ]
        lines.append("| " + " | ".join(str(value) for value in cells) + " |")
    versions = [version for version in versions if version]
    if versions:
        lines += ["", f"Versions: {', '.join(versions)}."]
    return "\n".join(lines) + "\n"
