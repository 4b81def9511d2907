// SPDX-License-Identifier: Apache-2.0
#include "http/exchange.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/registers.h"
#include "http/failure.h"

namespace ct::http {
namespace {

constexpr std::size_t kHeaderBytes = 64UZ * 1024;  // of one answer
constexpr std::size_t kHeaders = 100;
constexpr std::size_t kFirstBody = 4096;
constexpr int kTries = 3;  // connections that one request may be offered to

bool is_field_text(std::string_view text) {
    return std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

bool is_token(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    });
}

bool is_path(std::string_view path) {
    return path.starts_with('/') && std::ranges::all_of(path, [](char c) { return c > 0x20 && c < 0x7f && c != '#'; });
}

}  // namespace

Exchange::~Exchange() = default;

Status Exchange::check() const {
    if (!is_token(request_.method)) return fail(Reason::invalid_argument, "HTTP method");
    if (!is_path(request_.path)) return fail(Reason::invalid_argument, "path of an HTTP request");
    for (const auto& [name, value] : request_.headers)
        if (!is_token(name) || !is_field_text(value))
            return fail(Reason::invalid_argument, "header of an HTTP request");
    return {};
}

Status Exchange::prepare(const Options& options, Observer& observer) {
    const RegisterGuard guard;
    observer_ = &observer;
    reply_limit_ = options.reply_limit;
    response_ = {};
    body_used_ = header_bytes_ = 0;
    reply_begun_ = false;
    failure_.reset();
    ++tries_;
    easy_.reset(curl_easy_init());
    if (!easy_) return fail(Reason::memlock_limit, "secret memory is exhausted");

    bool ok = true;
    const auto set = [&](CURLoption option, auto value) {
        ok = ok && curl_easy_setopt(easy(), option, value) == CURLE_OK;
    };

    headers_.reset();
    const auto add_header = [&](const char* line) {
        curl_slist* longer = curl_slist_append(headers_.get(), line);
        ok = ok && longer != nullptr;
        if (longer != nullptr) {
            static_cast<void>(headers_.release());
            headers_.reset(longer);
        }
    };
    add_header("Expect:");
    add_header(request_.body.empty() ? "Content-Type:" : "Content-Type: application/json");
    for (const auto& [name, value] : request_.headers) {
        SecretString line;
        line.reserve(name.size() + value.size() + 64);  // past the small-string buffer, which would lie on the stack
        line.append(name).append(value.empty() ? ";" : ": ").append(value);
        add_header(line.c_str());
    }
    set(CURLOPT_HTTPHEADER, headers_.get());

    const bool bracket = options.host.find(':') != std::string::npos;  // an IPv6 address
    const std::string url = "https://" + (bracket ? "[" + options.host + "]" : options.host) + ":" +
                            std::to_string(options.port) + request_.path;
    set(CURLOPT_URL, url.c_str());
    set(CURLOPT_PATH_AS_IS, 1L);
    if (request_.method == "HEAD") {
        set(CURLOPT_NOBODY, 1L);
    } else if (!request_.body.empty() || request_.method == "POST" || request_.method == "PUT") {
        // The least there is: with the usual 64 KiB each request has a mapping of secret memory made and unmade, and all cores
        // flush what they know of the kernel's pages.
        set(CURLOPT_UPLOAD_BUFFERSIZE, 16384L);
        // Not copied: it stays with the request until the answer is there.
        set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
        set(CURLOPT_POSTFIELDS, request_.body.empty() ? "" : request_.body.text().data());
    }
    if (request_.method != "GET" && request_.method != "HEAD" && request_.method != "POST")
        set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());

    // Nothing of the surroundings may change where this goes or what it says.
    set(CURLOPT_PROTOCOLS_STR, "https");
    set(CURLOPT_PROXY, "");
    set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_HTTP09_ALLOWED, 0L);
    set(CURLOPT_HTTP_CONTENT_DECODING, 0L);

    set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_3));
    set(CURLOPT_SSL_VERIFYPEER, 1L);
    set(CURLOPT_SSL_VERIFYHOST, 2L);
    set(CURLOPT_CAINFO, options.ca_file.c_str());
    set(CURLOPT_CAPATH, static_cast<char*>(nullptr));  // Debian's default is the whole web's
    set(CURLOPT_SSL_SESSIONID_CACHE, 0L);

    set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
    set(CURLOPT_PIPEWAIT, 1L);  // rather wait for the handshake to end than ask for a second stream

    set(CURLOPT_HEADERFUNCTION, &Exchange::on_header);
    set(CURLOPT_HEADERDATA, this);
    set(CURLOPT_WRITEFUNCTION, &Exchange::on_body);
    set(CURLOPT_WRITEDATA, this);
    set(CURLOPT_PREREQFUNCTION, &Exchange::on_request);
    set(CURLOPT_PREREQDATA, this);
    set(CURLOPT_PRIVATE, this);
    if (!ok) return fail(Reason::internal, "libcurl refuses an option, or secret memory is exhausted");
    return {};
}

// libcurl asks before each time it sends the request, and it would send one again by itself when a connection that it
// used before turns out to be dead. Only what may be sent twice gets past here a second time.
int Exchange::on_request(void* self, char*, char*, int, int) {
    auto& exchange = *static_cast<Exchange*>(self);
    if (exchange.sent_in_all_ > 0 && !exchange.request_.idempotent) return CURL_PREREQFUNC_ABORT;
    ++exchange.sent_in_all_;
    exchange.observer_->on_wire();
    return CURL_PREREQFUNC_OK;
}

void Exchange::reply_begins() {
    if (std::exchange(reply_begun_, true)) return;
    observer_->on_reply_begun();
}

std::size_t Exchange::on_header(char* data, std::size_t, std::size_t size, void* self) {
    auto& exchange = *static_cast<Exchange*>(self);
    auto taken = exchange.take_header({data, size});
    if (taken) return size;
    exchange.failure_ = taken.error();
    return 0;
}

std::size_t Exchange::on_body(char* data, std::size_t, std::size_t size, void* self) {
    auto& exchange = *static_cast<Exchange*>(self);
    auto taken = exchange.take_body(as_bytes({data, size}));
    if (taken) return size;
    exchange.failure_ = taken.error();
    return 0;
}

Status Exchange::take_header(std::string_view line) {
    reply_begins();
    header_bytes_ += line.size();
    if (header_bytes_ > kHeaderBytes || response_.headers.size() >= kHeaders)
        return fail(Reason::too_large, "headers of the answer");
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r'))
        line.remove_suffix(1);
    if (line.starts_with("HTTP/")) {  // of an interim answer (1xx) or of the real one
        response_.headers.clear();
        return {};
    }
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return {};  // the empty line at the end
    std::string name(line.substr(0, colon));
    std::ranges::transform(name, name.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    std::string_view value = line.substr(colon + 1);
    while (value.starts_with(' ') || value.starts_with('\t'))
        value.remove_prefix(1);
    while (value.ends_with(' ') || value.ends_with('\t'))
        value.remove_suffix(1);
    response_.headers.emplace_back(std::move(name), value);
    return {};
}

Status Exchange::take_body(ByteView data) {
    const RegisterGuard guard;
    reply_begins();
    if (data.size() > reply_limit_ - std::min(reply_limit_, body_used_)) return fail(Reason::too_large, "the answer");
    if (body_used_ + data.size() > response_.body.size()) {
        // Twice as much each time, or at once what the server announced; never over the limit.
        std::size_t room = std::max({2 * response_.body.size(), body_used_ + data.size(), kFirstBody});
        curl_off_t announced = -1;
        curl_easy_getinfo(easy(), CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
        if (announced > 0) room = std::max(room, static_cast<std::size_t>(announced));
        CT_TRY(SecretBuffer grown, SecretBuffer::create(std::min(room, reply_limit_)));
        if (body_used_ > 0) std::memcpy(grown.bytes().data(), response_.body.bytes().data(), body_used_);
        response_.body = std::move(grown);
    }
    if (!data.empty()) std::memcpy(response_.body.bytes().data() + body_used_, data.data(), data.size());
    body_used_ += data.size();
    return {};
}

Result<Response> Exchange::result(CURLcode code) {
    if (failure_) return std::unexpected(*failure_);
    if (code != CURLE_OK) return std::unexpected(to_error(easy(), code));
    long status = 0;
    curl_easy_getinfo(easy(), CURLINFO_RESPONSE_CODE, &status);
    if (status < 200 || status > 599) return fail(Reason::malformed, "HTTP status of the answer");
    response_.status = static_cast<int>(status);
    response_.body.truncate(body_used_);
    return std::move(response_);
}

bool Exchange::may_try_again(CURLcode code) const {
    if (failure_ || reply_begun_ || tries_ >= kTries || !is_connection_lost(code)) return false;
    if (sent_in_all_ == 0) return true;  // it never left
    return request_.idempotent && sent_in_all_ == 1;
}

}  // namespace ct::http
