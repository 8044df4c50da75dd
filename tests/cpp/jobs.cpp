// Jobs: results, completions, waiting, cancelling, exceptions, moves.

#include "check.hpp"
#include "sample.hpp"
#include "suite.hpp"

#include <atomic>
#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>

namespace wal = walrus_accel;
using namespace std::chrono_literals;

namespace {

/// Source that waits until the gate is opened, so that a job which reads it runs until then.
class gate {
  public:
    wal::encode_request request() {
        wal::encode_request made(wal::source::reader(1000, [this](auto, auto) {
            std::unique_lock<std::mutex> lock(mutex_);
            is_reached_ = true;
            changed_.notify_all();
            changed_.wait(lock, [this] { return is_open_; });
        }));
        made.n_shards = sample::n_shards;
        return made;
    }

    void await_reached() {
        std::unique_lock<std::mutex> lock(mutex_);
        changed_.wait(lock, [this] { return is_reached_; });
    }

    void open() {
        const std::lock_guard<std::mutex> lock(mutex_);
        is_open_ = true;
        changed_.notify_all();
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool is_reached_ = false;
    bool is_open_ = false;
};

void kinds(const wal::runtime &runtime, const sample &made) {
    auto encoding = runtime.submit_encode(made.request());
    auto decoding = runtime.submit_decode({made.metadata, made.slivers()});
    auto verifying = runtime.submit_verify({made.metadata, made.slivers()});
    auto rebuilding = runtime.submit_rebuild({made.metadata, made.slivers(), wal::sink::library()});
    CHECK(encoding.get().metadata().blob_id() == made.metadata.blob_id());
    CHECK(is_same(decoding.get().blob(), made.blob));
    CHECK(verifying.get() == std::vector<wal::verdict>(14, wal::verdict::good));
    CHECK(rebuilding.get().sliver(wal::axis::primary, 0).size() ==
          made.metadata.shape().primary_length);
    CHECK(encoding.progress().total > 0 && encoding.progress().done == encoding.progress().total);
    CHECK(encoding.engine() == "cpu");
    CHECK_FAILS(not_found, "taken", encoding.get());
    CHECK_FAILS(not_found, "taken", decoding.get());
    CHECK_FAILS(not_found, "taken", verifying.get());
    const auto again = rebuilding.try_get();
    CHECK(!again && again.failure().status == wal::status::not_found);

    auto wrong = made.request();
    wrong.n_shards = 1;
    CHECK_FAILS(invalid_argument, "1", runtime.submit_encode(wrong));
    auto too_few = runtime.submit_decode({made.metadata, made.slivers(6)});
    CHECK_FAILS(not_enough_slivers, "", too_few.get());
    CHECK_FAILS(not_enough_slivers, "", too_few.get());
}

void states() {
    const auto runtime = cpu(1);
    gate first_gate;
    gate second_gate;
    auto first = runtime.submit_encode(first_gate.request());
    auto second = runtime.submit_encode(second_gate.request());
    first_gate.await_reached();
    CHECK(first.state() == wal::job_state::running && second.state() == wal::job_state::queued);
    CHECK(!first.wait_for(0ms) && !first.wait_for(-1h) && !first.wait_for(100us));
    second.cancel();
    second.wait();
    CHECK(second.state() == wal::job_state::ended && second.wait_for(0s));
    CHECK_FAILS(cancelled, "cancelled", second.get());
    first_gate.open();
    CHECK(first.wait_for(std::chrono::hours::max()));
    CHECK(first.state() == wal::job_state::ended);
    first.cancel();
    CHECK(first.try_get().has_value());
}

void completions(const wal::runtime &runtime, const sample &made) {
    std::promise<void> promise;
    auto told = runtime.submit_encode(made.request(), [&] { promise.set_value(); });
    promise.get_future().wait();
    CHECK(told.state() == wal::job_state::ended);
    CHECK(told.get().metadata().blob_id() == made.metadata.blob_id());

    // The completion takes the result and destroys the job.
    std::promise<void> is_stored;
    std::promise<bool> has_blob;
    std::unique_ptr<wal::job<wal::decoded>> kept;
    kept = std::make_unique<wal::job<wal::decoded>>(runtime.submit_decode(
        {made.metadata, made.slivers()}, [&, guard = std::make_shared<int>(1)] {
            is_stored.get_future().wait();
            const bool is_there = kept->try_get().has_value();
            kept.reset();
            has_blob.set_value(is_there && *guard == 1);
        }));
    is_stored.set_value();
    CHECK(has_blob.get_future().get());

    // A thread that cancels a queued job learns of its end inside the call.
    const auto narrow = cpu(1);
    gate closed;
    auto first = narrow.submit_encode(closed.request());
    const auto this_thread = std::this_thread::get_id();
    std::atomic<int> calls{0};
    auto second = narrow.submit_encode(
        made.request(), [&] { calls += std::this_thread::get_id() == this_thread ? 1 : 100; });
    second.cancel();
    CHECK(calls == 1);
    closed.open();
}

void exceptions(const wal::runtime &runtime, const sample &made) {
    wal::encode_request failing(wal::source::reader(1, [](auto, auto) { throw 21; }));
    auto reading = runtime.submit_encode(failing);
    CHECK_THROWS(21, reading.get());
    const auto again = reading.try_get();
    CHECK(
        !again && again.failure().status == wal::status::callback_failed && again.failure().cause);
    auto writing = runtime.submit_rebuild(
        {made.metadata, made.slivers(), wal::sink::callback([](const wal::piece &) { throw 22; })});
    CHECK_THROWS(22, writing.get());
    auto completing = runtime.submit_verify({made.metadata, made.slivers()}, [] { throw 23; });
    CHECK_THROWS(23, completing.get());
    auto stopping = runtime.submit_encode(
        wal::encode_request(wal::source::reader(1, [](auto, auto) { return wal::flow::stop; })));
    CHECK_FAILS(cancelled, "", stopping.get());
}

/// Request, runtime and metadata may be destroyed after the submission.
void lifetimes(const sample &made) {
    const auto slow = [&](std::shared_ptr<bytes> blob) {
        auto runtime = cpu();
        wal::encode_request request(wal::source::reader(
            blob->size(), [blob](std::uint64_t offset, wal::span<std::uint8_t> out) {
                std::copy_n(
                    blob->begin() + static_cast<std::ptrdiff_t>(offset), out.size(), out.begin());
            }));
        request.n_shards = sample::n_shards;
        request.pairs = std::vector<std::uint16_t>{0};
        request.slivers =
            wal::sink::callback([kept = std::make_unique<int>(0)](const wal::piece &) { ++*kept; });
        return runtime.submit_encode(request);
    };
    auto encoding = slow(std::make_shared<bytes>(made.blob));
    CHECK(encoding.get().metadata().blob_id() == made.metadata.blob_id());
    auto verifying = [&] {
        const auto runtime = cpu();
        const auto metadata = made.kept.metadata();
        return runtime.submit_verify({metadata, made.slivers()});
    }();
    CHECK(verifying.get().size() == 14);
}

void moves() {
    const auto runtime = cpu(1);
    gate closed;
    auto first = runtime.submit_encode(closed.request());
    std::atomic<bool> is_told{false};
    {
        auto second = runtime.submit_encode(closed.request(), [&] { is_told = true; });
        auto third = std::move(first);
        CHECK_FAILS(invalid_argument, "job", first.state());
        CHECK_FAILS(invalid_argument, "job", first.wait());
        CHECK_FAILS(invalid_argument, "job", first.wait_for(1ms));
        CHECK_FAILS(invalid_argument, "job", first.progress());
        CHECK_FAILS(invalid_argument, "job", first.cancel());
        CHECK_FAILS(invalid_argument, "job", first.get());
        // The assignment cancels the queued job and finishes it.
        second = std::move(third);
        CHECK(is_told && second.state() != wal::job_state::ended);
        first = std::move(second);
    }
    closed.open();
    CHECK(first.get().metadata().shape().blob_length == 1000);

    // Destroying a running job cancels it.
    auto open = std::make_unique<gate>();
    open->open();
    auto request = open->request();
    request.blob = wal::source::reader(10'000'000, [](auto, auto) {});
    { const auto dropped = runtime.submit_encode(request); }
}

} // namespace

void test_jobs() {
    const auto runtime = cpu();
    const sample made(runtime);
    kinds(runtime, made);
    states();
    completions(runtime, made);
    exceptions(runtime, made);
    lifetimes(made);
    moves();
}
