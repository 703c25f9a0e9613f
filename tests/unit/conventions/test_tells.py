"""Every operation whose answer may tell of people says, by the type of the answer, where in it they are."""

import re
from typing import Any, get_type_hints

import msgspec
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import Response

from config.persons import NOT_PEOPLE, UserId, unmarked, way_of
from config.policy import PERSONAL
from realtime import bookings, calendars, chat
from realtime.acks import Answer, Events, Handler, Handlers
from realtime.permits import ACTIONS
from realtime.requests import ListRooms
from serve_app.conventions.permits import actions_of, check_permits, permit, routes_of, told_on
from tests.unit.serve_app.test_api import an_api

FREE_FORM = {"Message.attachments": "what people attach: any JSON, read by nobody here"}
OF_NOBODY = {"CalendarFigures", "CalendarReply", "Checked", "FeedReply", "FreeTimesReply", "ImportedReply"}
OF_NOBODY |= {"NothingToTell", "Standing", "WaitlistFigures"}
