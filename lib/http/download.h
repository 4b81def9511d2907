// SPDX-License-Identifier: Apache-2.0
// Public documents over HTTPS, one at a time and blocking: for tools that a person or a timer starts. Goes the way that the
// environment names (https_proxy), follows no redirect. Daemons use client.h.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"

namespace ct::http {

struct DownloadOptions {
    std::string ca_file = {};  // PEM bundle, the only trust anchors; empty: the system's
    Millis timeout{30'000};    // of one document, from the first packet to the last byte
    std::size_t limit = 1UZ << 20;
};

struct Document {
    int status = 0;
    std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
    Bytes body;
    Seconds retry_after{0};  // as the server asked; 0 if it did not

    [[nodiscard]] std::optional<std::string> header(std::string_view name) const;
};

class Downloader {
public:
    explicit Downloader(DownloadOptions options);
    Downloader(const Downloader&) = delete;
    Downloader& operator=(const Downloader&) = delete;
    ~Downloader();

    // Whatever the status. invalid_argument for a URL that is not https, upstream_unreachable, tls_failed,
    // tls_certificate_expired, timed_out, too_large, malformed, io_failed.
    Result<Document> get(const std::string& url);

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace ct::http
