"""Says in one line what a hunt found: 0 nothing, 1 something, 2 the tool itself fell over and the same is worth another try."""

import json
import sys


def verdict(report, role):
    if report["failures"]:
        return 1, "found " + ", ".join(f"{one['title']} ({one['count']})" for one in report["failures"])
    # Nobody answered, or not in time: that is the server's fault, not the tool's.
    network = [one["title"] for one in report["errors"] if "network" in one["title"].lower()]
    if network:
        return 1, "no answer: " + ", ".join(network)
    if report["exit_code"] != 0 or not report["complete"]:
        return 2, "the tool fell over: " + ", ".join(one["title"] for one in report["errors"])
    operations = report["operations"]
    if operations["tested"] < operations["selected"] or operations["selected"] == 0:
        return 1, f"only {operations['tested']} of {operations['selected']} operations were asked"
    # A role whose every request is refused proves nothing, and neither does a sign-in that is none.
    accepted = sum(rate["accepted"] for phases in report["valid_rates"].values() for rate in phases.values())
    if accepted == 0:
        return 1, "no request was granted"
    cases = report["test_cases"]["generated"]
    return 0, f"nothing; {operations['tested']} operations, {cases} requests, {accepted} of the valid ones granted"


def main(path, role):
    try:
        with open(path, encoding="utf-8") as file:
            report = json.load(file)
    except (OSError, ValueError) as error:
        print("the tool left no report:", error)
        return 2
    status, words = verdict(report, role)
    print(words)
    return status


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
