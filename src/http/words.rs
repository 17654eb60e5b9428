//! The closed words of dossiers as people read them, in Vietnamese and English.

use crate::domain::catalogue::ServiceLevel;
use crate::domain::dossier::{Class, OnTimeStatus, PauseKind, State};
use crate::domain::event::{Channel, EventType, Outcome, PaymentMethod, ReturnMethod};

/// A word in the reader's language.
pub trait Word {
    fn vietnamese(self) -> &'static str;
    fn english(self) -> &'static str;

    /// In one of both.
    fn word(self, vietnamese: bool) -> &'static str
    where
        Self: Sized,
    {
        if vietnamese { self.vietnamese() } else { self.english() }
    }
}

macro_rules! words {
    ($($name:ty { $($variant:ident = $vi:literal, $en:literal;)+ })+) => {
        $(impl Word for $name {
            fn vietnamese(self) -> &'static str { match self { $(Self::$variant => $vi),+ } }
            fn english(self) -> &'static str { match self { $(Self::$variant => $en),+ } }
        })+
    };
}

words! {
    ServiceLevel {
        Information = "Cung cấp thông tin", "Information";
        Partial = "Một phần", "Partial";
        Full = "Toàn trình", "Full";
    }
    State {
        Submitted = "Mới đăng ký", "Submitted";
        Received = "Được tiếp nhận", "Received";
        Refused = "Không được tiếp nhận", "Refused";
        Processing = "Đang xử lý", "Processing";
        AwaitingSupplement = "Yêu cầu bổ sung giấy tờ", "Awaiting supplement";
        AwaitingPayment = "Yêu cầu thực hiện nghĩa vụ tài chính", "Awaiting payment";
        Withdrawn = "Công dân yêu cầu rút hồ sơ", "Withdrawn";
        Stopped = "Dừng xử lý", "Stopped";
        Finished = "Đã xử lý xong", "Finished";
        Returned = "Đã trả kết quả", "Returned";
        Voided = "Đã hủy do nhập nhầm", "Voided";
    }
    EventType {
        Submitted = "Nộp hồ sơ", "Submitted";
        Received = "Tiếp nhận hồ sơ", "Received";
        Refused = "Từ chối tiếp nhận hồ sơ", "Refused";
        Forwarded = "Chuyển hồ sơ", "Forwarded";
        SupplementRequested = "Yêu cầu bổ sung hồ sơ", "Supplement requested";
        Supplemented = "Đã bổ sung hồ sơ", "Supplemented";
        PaymentRequested = "Yêu cầu nộp phí, lệ phí", "Payment requested";
        PaymentRecorded = "Đã nộp phí, lệ phí", "Payment recorded";
        PaymentRefunded = "Hoàn phí, lệ phí", "Payment refunded";
        Extended = "Xin lỗi và hẹn lại ngày trả kết quả", "Extended";
        Withdrawn = "Rút hồ sơ", "Withdrawn";
        Stopped = "Dừng giải quyết", "Stopped";
        Finished = "Giải quyết xong", "Finished";
        Returned = "Trả kết quả", "Returned";
        Reopened = "Giải quyết lại", "Reopened";
        Digitised = "Số hóa", "Digitised";
        Rated = "Đánh giá", "Rated";
        Corrected = "Đính chính", "Corrected";
        Voided = "Hủy do nhập nhầm", "Voided";
        DeadlineRecomputed = "Tính lại hạn trả theo lịch mới", "Deadline recomputed";
    }
    Class {
        Early = "Trước hạn", "Early";
        OnTime = "Đúng hạn", "On time";
        Late = "Quá hạn", "Late";
    }
    OnTimeStatus {
        NotStarted = "Chưa tính hạn", "Not started";
        InTime = "Trong hạn", "In time";
        Overdue = "Quá hạn, chưa xong", "Overdue";
        Early = "Trước hạn", "Early";
        OnTime = "Đúng hạn", "On time";
        Late = "Quá hạn", "Late";
        Ended = "Đã kết thúc", "Ended";
    }
    PauseKind {
        Supplement = "Chờ bổ sung", "Supplement";
        Payment = "Chờ nộp phí, lệ phí", "Payment";
    }
    Channel {
        InPerson = "Trực tiếp", "In person";
        Post = "Bưu chính", "Post";
        Level3 = "Trực tuyến một phần", "Online, partial";
        Level4 = "Trực tuyến toàn trình", "Online, full";
    }
    PaymentMethod {
        Cash = "Tiền mặt", "Cash";
        BankTransfer = "Chuyển khoản", "Bank transfer";
        Card = "Thẻ", "Card";
        NationalPortal = "Cổng Dịch vụ công quốc gia", "National portal";
        ProvincialPortal = "Cổng của tỉnh", "Provincial portal";
        OtherOnline = "Trực tuyến khác", "Other online";
    }
    ReturnMethod {
        Counter = "Tại bộ phận một cửa", "At the counter";
        Post = "Qua dịch vụ bưu chính", "By post";
        Electronic = "Bản điện tử", "Electronically";
    }
    Outcome {
        Granted = "Giải quyết", "Granted";
        Rejected = "Từ chối", "Rejected";
    }
}
