"""The accounts app's addresses."""

from django.urls import path

from readerstudy.accounts import api, views

app_name = "accounts"
urlpatterns = [
    path("sign-in/", views.sign_in, name="sign-in"),
    path("sign-out/", views.sign_out, name="sign-out"),
    path("profile/", views.profile, name="profile"),
    path("api/me", api.Me.as_view(), name="me"),
    path("api/me/reading-room", api.ReadingRoom.as_view(), name="reading-room"),
    path("api/sign-in", api.SignIn.as_view(), name="api-sign-in"),
    path("api/sign-out", api.SignOut.as_view(), name="api-sign-out"),
]
