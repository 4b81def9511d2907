// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"

namespace ct::http {

// Points the allocators of libcurl and of nghttp2 inside it at SecretArena::process(), so that requests, answers and
// tokens lie in secret memory and are wiped when freed. Call once, after crypto::use_secret_arena() and before any other
// use of libcurl; `internal` if libcurl was in use already or this binary does not see its HTTP/2 sessions.
//
// Also takes SSLKEYLOGFILE out of the environment: libcurl would write the keys of its connections to that file.
Status use_secret_arena();

// Wipes what libcurl's connections have read and not yet overwritten. Only while no request is open: what has arrived
// and was not yet looked at would be lost with it.
void wipe_input();

}  // namespace ct::http
