"""A Cortex XSOAR polling command: XSOAR calls it again with what it returned, until there is nothing more to poll.

``PollResult`` and ``CommandResults`` are XSOAR's own (``CommonServerPython``); they are passed in, so that this file
runs anywhere.
"""

from typing import Any, Callable

from defender_actions import Client, is_final


def execute_query_command(
    args: dict[str, Any],
    client: Client,
    poll_result: Callable[..., Any],
    command_results: Callable[..., Any],
) -> Any:
    """``!defender-execute-query case_id=… table_names=… query=…``; put ``@polling_function`` above it in XSOAR."""
    if "job_id" not in args:
        arguments = {name: value for name, value in args.items() if name not in ("polling", "interval", "timeout")}
        job = client.run("execute_query", arguments)
        args = {"case_id": job["case_id"], "job_id": job["job_id"]}
    result = client.result(args["case_id"], args["job_id"])
    if not is_final(result):
        return poll_result(
            response=None,
            continue_to_poll=True,
            args_for_next_run=args,
            partial_result=command_results(readable_output=f"The query is {result['status']}."),
        )
    if result["status"] == "failed":
        raise RuntimeError(result["output_message"])
    rows = list(client.rows(args["case_id"], args["job_id"]))
    return poll_result(
        response=command_results(
            outputs_prefix="Defender.Hunt",
            outputs_key_field="job_id",
            outputs={"job_id": result["job_id"], "kql": result["kql"], "rows": rows},
            readable_output=result["output_message"],
        ),
        continue_to_poll=False,
    )
