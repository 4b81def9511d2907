// SPDX-License-Identifier: Apache-2.0
// One request and its answer as libcurl handles them. Internal to lib/http.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <optional>

#include "http/client.h"

namespace ct::http {

struct CurlFree {
    void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Easy = std::unique_ptr<CURL, CurlFree>;
using Slist = std::unique_ptr<curl_slist, CurlFree>;

// What the exchanges of a client tell it.
struct Observer {
    virtual ~Observer() = default;
    virtual void on_wire() = 0;         // a request leaves now
    virtual void on_reply_begun() = 0;  // first byte of an answer
};

class Exchange {
public:
    Exchange(Request request, Handler handler) : request_(std::move(request)), handler_(std::move(handler)) {}
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;
    ~Exchange();

    // Refuses what would change the framing of the request (invalid_argument).
    [[nodiscard]] Status check() const;
    // Makes the libcurl handle for (another) try. Its connection is the caller's business.
    Status prepare(const Options& options, Observer& observer);
    [[nodiscard]] CURL* easy() const { return easy_.get(); }

    // After libcurl's verdict on this try: the answer, or why there is none.
    Result<Response> result(CURLcode code);
    // It may be sent once more: surely not acted upon, or harmless and nothing of an answer seen.
    [[nodiscard]] bool may_try_again(CURLcode code) const;
    [[nodiscard]] bool on_wire() const { return sent_in_all_ > 0 && !reply_begun_; }

    Handler take_handler() { return std::move(handler_); }
    Source deadline;

private:
    static std::size_t on_header(char* data, std::size_t one, std::size_t size, void* self);
    static std::size_t on_body(char* data, std::size_t one, std::size_t size, void* self);
    static int on_request(void* self, char*, char*, int, int);
    Status take_header(std::string_view line);
    Status take_body(ByteView data);
    void reply_begins();

    Request request_;
    Handler handler_;
    Slist headers_;
    Easy easy_;  // after headers_: freed first
    Observer* observer_ = nullptr;
    std::size_t reply_limit_ = 0;

    Response response_;
    std::size_t body_used_ = 0;  // of response_.body, which grows in steps
    std::size_t header_bytes_ = 0;
    std::optional<Error> failure_;  // why a callback stopped the transfer
    int sent_in_all_ = 0;
    int tries_ = 0;
    bool reply_begun_ = false;
};

}  // namespace ct::http
