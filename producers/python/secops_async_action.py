"""A Google SecOps (Siemplify) asynchronous action: enqueues on its first run, and looks again until the job is over.

SecOps calls ``main(True)`` once, then ``main(False)`` as often as the state is in progress. Its SDK keeps what we need
in between as the result value. ``siemplify`` is the SDK's ``SiemplifyAction``; the states are its own numbers.
"""

import json
from typing import Any

from defender_actions import Client, DefenderError, is_final

EXECUTION_STATE_COMPLETED = 0
EXECUTION_STATE_INPROGRESS = 1
EXECUTION_STATE_FAILED = 2


def main(siemplify: Any, is_first_run: bool) -> None:
    """Update Incident; the other actions differ in one line."""
    setting = siemplify.extract_configuration_param
    argument = siemplify.extract_action_param
    client = Client(setting(param_name="API Root"), setting(param_name="API Token"))
    try:
        if is_first_run:
            job = client.update_incident(
                case_id=siemplify.case_id,
                incident_id=argument(param_name="Incident ID"),
                status=argument(param_name="Status"),
                classification=argument(param_name="Classification"),
                determination=argument(param_name="Determination"),
                assign_to=argument(param_name="Assign To"),
                # A step that SecOps starts twice is one job.
                idempotency_key=f"{siemplify.workflow_instance}-{siemplify.action_step_id}",
            )
        else:
            job = json.loads(argument(param_name="additional_data"))
        result = client.result(job["case_id"], job["job_id"])
    except DefenderError as error:
        siemplify.end(f'Error executing action "Update Incident". Reason: {error}', False, EXECUTION_STATE_FAILED)
        return

    if not is_final(result):
        pointer = json.dumps({"case_id": result["case_id"], "job_id": result["job_id"]})
        siemplify.end(f"Waiting for Defender: {result['status']}.", pointer, EXECUTION_STATE_INPROGRESS)
        return
    siemplify.result.add_result_json(result["json_result"])
    state = EXECUTION_STATE_COMPLETED if result["status"] == "completed" else EXECUTION_STATE_FAILED
    siemplify.end(result["output_message"], result["is_success"], state)
