"""What the engineer's tools show of Levee, as code: Grafana's dashboards, and the pages of metrics and of the wire.

`python -m levee.dashboards` writes every file that is made here; `--check` only says which are out of date.
"""
