"""Microsoft 365 Defender actions through the HTTP API of defender-actions.

One file on the standard library alone, for Python 3.9 or later: copy it into an integration.

    from defender_actions import Client

    client = Client("https://defender-actions.example", token)
    result = client.update_incident(case_id="4711", incident_id=29, status=["Resolved"], wait=30)
    print(result["is_success"], result["output_message"])

An action gives the final result when it was waited for (``wait``, in seconds) and is over; else a dict with ``job_id``
and ``case_id``, to be read later by ``result``, ``wait`` or ``results``. Results are dicts as the API documents them.
"""

import http.client
import json
import ssl
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Optional, Union
from urllib.parse import quote, urlencode, urlsplit

__all__ = ["Client", "DefenderError", "ApiError", "Unreachable", "WaitTimeout", "is_final"]

Json = dict[str, Any]
Text = Union[str, int]
Texts = Union[str, Sequence[str]]

_LONGEST_WAIT_S = 60.0


class DefenderError(Exception):
    """Whatever goes wrong here."""


class Unreachable(DefenderError):
    """No answer came: it may or may not have been accepted. Repeat it with the same idempotency key."""


class ApiError(DefenderError):
    """The API refused. ``code`` is one of its failure codes; ``errors`` names each field at fault."""

    def __init__(self, problem: Json, status: int) -> None:
        super().__init__(str(problem.get("detail") or problem.get("title") or f"HTTP status {status}"))
        self.status = status
        self.code: str = str(problem.get("code", "internal_error"))
        self.retryable: bool = bool(problem.get("retryable", status >= 500))
        self.hint: Optional[str] = problem.get("hint")
        self.errors: list[Json] = list(problem.get("errors") or [])
        self.job_id: Optional[str] = problem.get("job_id")
        self.case_id: Optional[str] = problem.get("case_id")


class WaitTimeout(DefenderError):
    """The time was up; the job goes on. ``last`` is the record as it stands."""

    def __init__(self, last: Json, seconds: float) -> None:
        super().__init__(f"job {last['job_id']} is still {last['status']} after {seconds:g} s; it goes on")
        self.last = last


def is_final(result: Mapping[str, Any]) -> bool:
    """Whether a result will not change any more."""
    return result.get("status") in ("completed", "failed")


class Client:
    """Calls the API. Safe to share between threads: every call has a connection of its own."""

    def __init__(
        self,
        base_url: str,
        token: Optional[str] = None,
        *,
        instance: Optional[str] = None,
        timeout: float = 15.0,
        context: Optional[ssl.SSLContext] = None,
    ) -> None:
        """``timeout``: seconds for an answer, beside what is waited for. ``context``: for a CA of your own."""
        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"base_url: given {base_url!r}; allowed: an http or https URL")
        self._https = parts.scheme == "https"
        self._host = parts.hostname
        self._port = parts.port
        self._base = parts.path.rstrip("/")
        self._token = token
        self._instance = instance
        self._timeout = timeout
        self._context = context

    # --- The six actions. What is None is left out; the API has the documented defaults. ---

    def update_incident(
        self,
        *,
        case_id: Text,
        incident_id: Text,
        status: Optional[Texts] = None,
        classification: Optional[Texts] = None,
        determination: Optional[Texts] = None,
        assign_to: Optional[str] = None,
        unassign: Optional[bool] = None,
        add_tags: Optional[Texts] = None,
        remove_tags: Optional[Texts] = None,
        resolving_comment: Optional[str] = None,
        follow_redirect: Optional[bool] = None,
        alert_group_identifiers: Optional[Texts] = None,
        target_entities: Optional[Sequence[Mapping[str, str]]] = None,
        scope: Optional[str] = None,
        wait: Optional[float] = None,
        idempotency_key: Optional[str] = None,
        instance: Optional[str] = None,
        priority: Optional[str] = None,
        requested_by: Optional[str] = None,
        traceparent: Optional[str] = None,
    ) -> Json:
        """Update status, classification, determination, assignee or tags of an incident."""
        return self._act("update_incident", locals())

    def add_comment_to_incident(
        self,
        *,
        case_id: Text,
        incident_id: Text,
        comment: str,
        alert_group_identifiers: Optional[Texts] = None,
        target_entities: Optional[Sequence[Mapping[str, str]]] = None,
        scope: Optional[str] = None,
        wait: Optional[float] = None,
        idempotency_key: Optional[str] = None,
        instance: Optional[str] = None,
        priority: Optional[str] = None,
        requested_by: Optional[str] = None,
        traceparent: Optional[str] = None,
    ) -> Json:
        """Add a comment to an incident."""
        return self._act("add_comment_to_incident", locals())

    def execute_query(
        self,
        *,
        case_id: Text,
        table_names: Texts,
        time_frame: Optional[Texts] = None,
        start_time: Optional[str] = None,
        end_time: Optional[str] = None,
        fields_to_return: Optional[Texts] = None,
        sort_field: Optional[str] = None,
        sort_order: Optional[Texts] = None,
        max_results_to_return: Optional[Text] = None,
        query: Optional[str] = None,
        alert_group_identifiers: Optional[Texts] = None,
        target_entities: Optional[Sequence[Mapping[str, str]]] = None,
        scope: Optional[str] = None,
        wait: Optional[float] = None,
        idempotency_key: Optional[str] = None,
        instance: Optional[str] = None,
        priority: Optional[str] = None,
        requested_by: Optional[str] = None,
        traceparent: Optional[str] = None,
    ) -> Json:
        """Hunt in tables, narrowed by clauses of your own (``query``)."""
        return self._act("execute_query", locals())

    def execute_entity_query(
        self,
        *,
        case_id: Text,
        table_names: Texts,
        time_frame: Optional[Texts] = None,
        start_time: Optional[str] = None,
        end_time: Optional[str] = None,
        fields_to_return: Optional[Texts] = None,
        sort_field: Optional[str] = None,
        sort_order: Optional[Texts] = None,
        max_results_to_return: Optional[Text] = None,
        stop_if_not_enough_entities: Optional[bool] = None,
        cross_entity_operator: Optional[Texts] = None,
        ip_entity_key: Optional[Texts] = None,
        hostname_entity_key: Optional[Texts] = None,
        file_hash_entity_key: Optional[Texts] = None,
        user_entity_key: Optional[Texts] = None,
        url_entity_key: Optional[Texts] = None,
        email_address_entity_key: Optional[Texts] = None,
        alert_group_identifiers: Optional[Texts] = None,
        target_entities: Optional[Sequence[Mapping[str, str]]] = None,
        scope: Optional[str] = None,
        wait: Optional[float] = None,
        idempotency_key: Optional[str] = None,
        instance: Optional[str] = None,
        priority: Optional[str] = None,
        requested_by: Optional[str] = None,
        traceparent: Optional[str] = None,
    ) -> Json:
        """Hunt in tables for the entities of a case."""
        return self._act("execute_entity_query", locals())

    def execute_custom_query(
        self,
        *,
        case_id: Text,
        query: str,
        max_results_to_return: Optional[Text] = None,
        alert_group_identifiers: Optional[Texts] = None,
        target_entities: Optional[Sequence[Mapping[str, str]]] = None,
        scope: Optional[str] = None,
        wait: Optional[float] = None,
        idempotency_key: Optional[str] = None,
        instance: Optional[str] = None,
        priority: Optional[str] = None,
        requested_by: Optional[str] = None,
        traceparent: Optional[str] = None,
    ) -> Json:
        """Run a hunting query of your own."""
        return self._act("execute_custom_query", locals())

    def ping(
        self,
        *,
        case_id: Text,
        alert_group_identifiers: Optional[Texts] = None,
        target_entities: Optional[Sequence[Mapping[str, str]]] = None,
        scope: Optional[str] = None,
        wait: Optional[float] = None,
        idempotency_key: Optional[str] = None,
        instance: Optional[str] = None,
        priority: Optional[str] = None,
        requested_by: Optional[str] = None,
        traceparent: Optional[str] = None,
    ) -> Json:
        """Test connectivity to Microsoft 365 Defender."""
        return self._act("ping", locals())

    def run(
        self,
        action: str,
        arguments: Mapping[str, Any],
        *,
        wait: Optional[float] = None,
        idempotency_key: Optional[str] = None,
        instance: Optional[str] = None,
        priority: Optional[str] = None,
        requested_by: Optional[str] = None,
        traceparent: Optional[str] = None,
    ) -> Json:
        """Ask for an action by its name. ``wait``: seconds to stay for the result, any number of them; when they are over,
        the record as it stands is given. With ``idempotency_key``, asking again is the same job."""
        headers = {
            "Idempotency-Key": idempotency_key,
            "Defender-Instance": instance or self._instance,
            "Defender-Priority": priority,
            "Defender-Requested-By": requested_by,
            "traceparent": traceparent,
        }
        patience = 0.0 if wait is None else min(max(wait, 0.0), _LONGEST_WAIT_S)
        query = {} if wait is None else {"wait": f"{patience:.3f}"}
        path = f"/v1/actions/{quote(action, safe='')}"
        started = time.monotonic()
        answer: Json = self._json("POST", path, query=query, body=arguments, headers=headers, patience=patience)
        if wait is None or is_final(answer) or wait <= _LONGEST_WAIT_S:
            return answer
        try:
            return self.wait(answer["case_id"], answer["job_id"], timeout=wait - (time.monotonic() - started))
        except WaitTimeout as late:
            return late.last

    # --- Results ---

    def result(self, case_id: Text, job_id: str) -> Json:
        """The result of a job, or its record as it stands."""
        answer: Json = self._json("GET", self._job(case_id, job_id))
        return answer

    def results(self, case_id: Text) -> list[Json]:
        """All results of a case, oldest first."""
        answer: list[Json] = self._json("GET", f"/v1/cases/{quote(str(case_id), safe='')}/results")
        return answer

    def wait(self, case_id: Text, job_id: str, *, timeout: float = 60.0, every: float = 1.0) -> Json:
        """The final result, of a failed action too. Looks every ``every`` seconds, over short outages as well; raises
        :class:`WaitTimeout` when ``timeout`` seconds are over."""
        ends = time.monotonic() + timeout
        while True:
            try:
                last = self.result(case_id, job_id)
                if is_final(last):
                    return last
            except DefenderError as error:
                may_pass = isinstance(error, Unreachable) or (isinstance(error, ApiError) and error.retryable)
                if not may_pass or time.monotonic() >= ends:
                    raise
            else:
                if time.monotonic() >= ends:
                    raise WaitTimeout(last, timeout)
            time.sleep(max(0.0, min(every, ends - time.monotonic())))

    def rows(self, case_id: Text, job_id: str, *, page: int = 1000) -> Iterator[Json]:
        """All rows of a query's answer, read by page as the loop goes on."""
        offset: Optional[int] = 0
        while offset is not None:
            query = {"offset": str(offset), "limit": str(page)}
            answer: Json = self._json("GET", f"{self._job(case_id, job_id)}/rows", query=query)
            yield from answer["rows"]
            offset = answer["next_offset"]

    def cancel(self, case_id: Text, job_id: str) -> Json:
        """Take a job back, if nothing of it was sent: ``{"cancelled": …, "sent": …}``."""
        answer: Json = self._json("DELETE", self._job(case_id, job_id))
        return answer

    # --- The way there ---

    def _act(self, action: str, given: Mapping[str, Any]) -> Json:
        named = {name: value for name, value in given.items() if name != "self" and value is not None}
        options = {name: named.pop(name) for name in _OPTIONS if name in named}
        return self.run(action, named, **options)

    @staticmethod
    def _job(case_id: Text, job_id: str) -> str:
        return f"/v1/cases/{quote(str(case_id), safe='')}/jobs/{quote(job_id, safe='')}"

    def _json(
        self,
        method: str,
        path: str,
        *,
        query: Optional[Mapping[str, str]] = None,
        body: Optional[Mapping[str, Any]] = None,
        headers: Optional[Mapping[str, Optional[str]]] = None,
        patience: float = 0.0,
    ) -> Any:
        sent = {name: value.encode("utf-8") for name, value in (headers or {}).items() if value is not None}
        sent["Accept"] = b"application/json"
        if self._token is not None:
            sent["Authorization"] = f"Bearer {self._token}".encode("ascii")
        payload = None
        if body is not None:
            payload = json.dumps(dict(body)).encode("utf-8")
            sent["Content-Type"] = b"application/json"
        target = f"{self._base}{path}{'?' + urlencode(query) if query else ''}"
        connection = self._connect(self._timeout + patience)
        try:
            connection.request(method, target, body=payload, headers=sent)
            answer = connection.getresponse()
            status, text = answer.status, answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(f"{self._host} does not answer: {error or type(error).__name__}") from error
        finally:
            connection.close()
        try:
            given = json.loads(text)
        except ValueError:
            given = {"detail": f"HTTP status {status}, and no JSON"}
            status = status if status >= 400 else 502
        if status >= 400:
            raise ApiError(given if isinstance(given, dict) else {}, status)
        return given

    def _connect(self, timeout: float) -> http.client.HTTPConnection:
        if not self._https:
            return http.client.HTTPConnection(self._host, self._port, timeout=timeout)
        context = self._context or ssl.create_default_context()
        return http.client.HTTPSConnection(self._host, self._port, timeout=timeout, context=context)


_OPTIONS = ("wait", "idempotency_key", "instance", "priority", "requested_by", "traceparent")
