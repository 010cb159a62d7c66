"""The console: what people see of the service, and the door through which they ask it for something.

A process of its own beside the service. It reads /state, the broker and the record, writes nothing into any of them,
and asks through the record as every other door does (`alerting.requests`).
"""
