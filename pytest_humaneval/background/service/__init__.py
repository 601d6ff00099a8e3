"""``python -m pytest_humaneval service``: a server for many runs, and what else outlives a run.

manage.py            start, stop, restart, status, logs: what they print, and their exit statuses
service_arguments.py its command line
wanted.py            what is asked of a service, and what is written down of one that was started
local.py             a server as a process of this machine
compose.py           the same in a container, by docker/compose.yaml
health.py            whether a server answers
activity.py          in the server: when it was last asked, and its end when that is too long ago
"""
