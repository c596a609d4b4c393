"""The accounts app's addresses."""

from django.urls import path

from readerstudy.accounts import api, second_factor_views, views

app_name = "accounts"
urlpatterns = [
    path("sign-in/", views.sign_in, name="sign-in"),
    path("sign-in/code/", second_factor_views.code, name="code"),
    path("sign-in/second-factor/", second_factor_views.enrol, name="enrol"),
    path("sign-out/", views.sign_out, name="sign-out"),
    path("profile/", views.profile, name="profile"),
    path("profile/second-factor/", second_factor_views.second_factor, name="second-factor"),
    path("language/", views.language, name="language"),
    path("api/me", api.Me.as_view(), name="me"),
    path("api/me/reading-room", api.ReadingRoom.as_view(), name="reading-room"),
    path("api/me/language", api.Language.as_view(), name="my-language"),
    path("api/sign-in", api.SignIn.as_view(), name="api-sign-in"),
    path("api/sign-out", api.SignOut.as_view(), name="api-sign-out"),
]
