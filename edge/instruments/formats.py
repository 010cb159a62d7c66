"""Each format by its settings: one place where a payload finds its parser."""

from __future__ import annotations

from datetime import tzinfo

from edge.instruments import axis, mapped, onvif, xovis
from edge.instruments.settings import (
    AxisAnalyticsInstrument,
    AxisCounterInstrument,
    Instrument,
    OnvifInstrument,
    XovisInstrument,
)
from edge.instruments.words import Heard, PayloadRefused


def read(instrument: Instrument, topic: str, payload: bytes, place: tzinfo) -> Heard:
    """What a payload says and what of it was refused; never raises for anything that was sent."""
    try:
        if isinstance(instrument, OnvifInstrument):
            return onvif.read(instrument, topic, payload)
        if isinstance(instrument, AxisCounterInstrument):
            return axis.read_counter(instrument, payload, place)
        if isinstance(instrument, AxisAnalyticsInstrument):
            return axis.read_analytics(instrument, topic, payload)
        if isinstance(instrument, XovisInstrument):
            return xovis.read(instrument, payload)
        return mapped.read(instrument.mapping, payload, place)
    except PayloadRefused as error:
        heard = Heard()
        heard.refuse(error)
        return heard
