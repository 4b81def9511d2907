// SPDX-License-Identifier: Apache-2.0
// A simulated quote generation service at a socket, which answers as the test says.
#pragma once

#include <functional>

#include "base/bytes.h"
#include "support/local_server.h"

namespace ct::test {

struct QuoteScript {
    // What goes back, its prefix included, for the report in a question that is none but the right one.
    std::function<Bytes(ByteView report)> answer;
    bool stays = false;  // on the line afterwards: who waits for more waits for ever
    bool drips = false;  // one byte at a time, far too slowly
};
Result<std::unique_ptr<LocalServer>> open_quote_service_socket(QuoteScript script);

}  // namespace ct::test
