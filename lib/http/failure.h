// SPDX-License-Identifier: Apache-2.0
// What a libcurl transfer failed of, in our words. Internal to lib/http.
#pragma once

#include <curl/curl.h>

#include "base/result.h"

namespace ct::http {

// Any of the codes that libcurl has for "the stream ended or broke".
bool is_connection_lost(CURLcode code);
Error to_error(CURL* easy, CURLcode code);

}  // namespace ct::http
